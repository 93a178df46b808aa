import os
import signal
import subprocess
import sys
import time

import pytest

from pipeline.interrupt import FAREWELL, TERMINATED, TerminatedError, stopping_well, terminating_well


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_first_press_is_announced_and_asks_to_stop() -> None:
    announced: list[str] = []
    with stopping_well(lambda: announced.append("finishing")) as stop:
        assert not stop()
        press()
        assert stop()
        assert announced == ["finishing"]


def test_second_press_stops_at_once() -> None:
    with stopping_well(lambda: None) as stop:
        press()
        with pytest.raises(KeyboardInterrupt):
            press()
        assert stop()


def test_ctrl_c_is_as_before_after_the_block() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stopping_well(lambda: None):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_sigterm_is_as_before_after_the_block() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with terminating_well():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_no_handler_of_errors_takes_termination_for_one() -> None:
    assert not issubclass(TerminatedError, Exception)


def ended(program: str, patience: float = 20.0) -> tuple[int, str, float]:
    """Run a program that says `ready` and then gets SIGTERM: code, what it said on stderr, seconds to the end."""
    source = f"import pipeline.interrupt as it, time, threading, sys\nit.GRACE = 0.5\n{program}"
    process = subprocess.Popen(
        [sys.executable, "-c", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    begun = time.monotonic()
    process.terminate()
    _, err = process.communicate(timeout=patience)
    return process.returncode, err, time.monotonic() - begun


def test_sigterm_raises_at_once() -> None:
    program = """
try:
    with it.terminating_well():
        print("ready", flush=True)
        time.sleep(60)
except it.TerminatedError:
    sys.exit(7)
"""
    assert ended(program)[0] == 7


def test_second_sigterm_does_not_disturb_the_first() -> None:
    program = """
import os, signal
try:
    with it.terminating_well():
        print("ready", flush=True)
        time.sleep(60)
except it.TerminatedError:
    os.kill(os.getpid(), signal.SIGTERM)
    sys.exit(7)
"""
    assert ended(program)[0] == 7


def test_exception_that_is_stuck_is_outlived_by_nobody() -> None:
    """A finaliser, or foreign code, swallows it and goes on."""
    program = """
with it.terminating_well():
    print("ready", flush=True)
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass
"""
    code, said, seconds = ended(program)
    assert (code, said) == (TERMINATED, f"{FAREWELL}\n")
    assert 0.3 < seconds < 5


def test_error_output_that_nobody_reads_holds_nobody_up() -> None:
    """The program is stuck in telling: its pipe is full, and sys.stderr is locked while it waits."""
    program = """
with it.terminating_well():
    print("ready", flush=True)
    while True:
        try:
            sys.stderr.write("x" * 100_000)
        except BaseException:
            pass
"""
    source = f"import pipeline.interrupt as it, sys\nit.GRACE = 0.5\n{program}"
    process = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.3)
    process.terminate()
    try:
        assert process.wait(10) == TERMINATED
    finally:
        process.kill()
        process.communicate()
