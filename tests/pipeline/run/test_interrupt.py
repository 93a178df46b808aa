import os
import signal
import subprocess
import sys
import time

import pytest

from pipeline.run.interrupt import (
    INTERRUPTED,
    STOPPED_MESSAGE,
    TERMINATED,
    TERMINATED_MESSAGE,
    TerminatedError,
    handling_ctrl_c,
    handling_sigterm,
)
from tests.waiting import PATIENCE


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_ctrl_c_is_announced_and_requests_a_stop() -> None:
    announced: list[str] = []
    with handling_ctrl_c(lambda: announced.append("finishing")) as stop:
        assert not stop()
        press()
        assert stop()
        assert announced == ["finishing"]


def test_the_second_ctrl_c_stops_at_once() -> None:
    with handling_ctrl_c(lambda: None) as stop:
        press()
        with pytest.raises(KeyboardInterrupt):
            press()
        assert stop()


def test_the_ctrl_c_handler_is_restored_after_the_block() -> None:
    before = signal.getsignal(signal.SIGINT)
    with handling_ctrl_c(lambda: None):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_the_sigterm_handler_is_restored_after_the_block() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with handling_sigterm():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_handlers_of_exceptions_do_not_catch_termination() -> None:
    assert not issubclass(TerminatedError, Exception)


def ended(program: str, *numbers: int, patience: float = PATIENCE) -> tuple[int, str, float]:
    """Send `numbers` or SIGTERM to a program that prints `ready`: exit code, standard error, seconds to the end."""
    source = f"import pipeline.run.interrupt as it, time, threading, sys\nit.GRACE = 0.5\n{program}"
    process = subprocess.Popen(
        [sys.executable, "-c", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    begun = time.monotonic()
    for number in numbers or (signal.SIGTERM,):
        process.send_signal(number)
        time.sleep(0.2)  # two signals that are pending at the same time merge into one
    _, err = process.communicate(timeout=patience)
    return process.returncode, err, time.monotonic() - begun


def test_sigterm_raises_at_once() -> None:
    program = """
try:
    with it.handling_sigterm():
        print("ready", flush=True)
        time.sleep(60)
except it.TerminatedError:
    sys.exit(7)
"""
    assert ended(program)[0] == 7


def test_a_second_sigterm_does_not_disturb_the_first() -> None:
    program = """
import os, signal
try:
    with it.handling_sigterm():
        print("ready", flush=True)
        time.sleep(60)
except it.TerminatedError:
    os.kill(os.getpid(), signal.SIGTERM)
    sys.exit(7)
"""
    assert ended(program)[0] == 7


def test_the_process_ends_even_if_the_exception_is_swallowed() -> None:
    """A finaliser or third-party code swallows the exception and continues."""
    program = """
printed = False
with it.handling_sigterm():
    while True:
        try:
            printed = printed or not print("ready", flush=True)
            time.sleep(60)
        except BaseException:
            pass
"""
    code, err, seconds = ended(program)
    assert (code, err) == (TERMINATED, f"{TERMINATED_MESSAGE}\n")
    assert seconds > 0.3


@pytest.mark.parametrize(
    ("numbers", "code", "message"),
    [
        ((signal.SIGTERM,), TERMINATED, TERMINATED_MESSAGE),
        ((signal.SIGINT, signal.SIGINT), INTERRUPTED, STOPPED_MESSAGE),
    ],
)
def test_long_running_foreign_code_is_not_waited_for(numbers: tuple[int, ...], code: int, message: str) -> None:
    """Python calls no signal handler before that code returns."""
    program = """
import hashlib
printed = False
with it.handling_sigterm(), it.handling_ctrl_c(lambda: None):
    while True:
        try:
            printed = printed or not print("ready", flush=True)
            hashlib.pbkdf2_hmac("sha256", b"a", b"b", 2**31 - 1)
        except BaseException:  # the signal came before the call
            pass
"""
    ended_with, err, _ = ended(program, *numbers)
    assert (ended_with, err) == (code, f"{message}\n")


def test_one_ctrl_c_waits_for_the_step_however_long_it_takes() -> None:
    program = """
import hashlib
with it.handling_sigterm(), it.handling_ctrl_c(lambda: None) as stop:
    print("ready", flush=True)
    begun = time.monotonic()
    while time.monotonic() < begun + 4 * it.GRACE:
        hashlib.pbkdf2_hmac("sha256", b"a", b"b", 10**6)
    sys.exit(9 if stop() else 8)
"""
    assert ended(program, signal.SIGINT)[0] == 9


def test_unread_error_output_does_not_block_the_end() -> None:
    """The program is blocked while printing: its pipe is full, and sys.stderr is locked while it waits."""
    program = """
with it.handling_sigterm():
    print("ready", flush=True)
    while True:
        try:
            sys.stderr.write("x" * 100_000)
        except BaseException:
            pass
"""
    source = f"import pipeline.run.interrupt as it, sys\nit.GRACE = 0.5\n{program}"
    process = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.3)
    process.terminate()
    try:
        assert process.wait(PATIENCE) == TERMINATED
    finally:
        process.kill()
        process.communicate()
