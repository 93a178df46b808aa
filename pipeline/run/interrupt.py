"""Ctrl-C and preemption that lose nothing: what is finished is on the disk whenever we stop."""

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130  # the exit code of a run that Ctrl-C ended
TERMINATED = 143  # and of one that was asked to end (SIGTERM: preemption, shutdown, kill)
GRACE = 4.0  # seconds from SIGTERM or the second Ctrl-C to the end, whatever the program is doing
FAREWELL = "terminated; run the same command again to go on"
STOPPED = "stopped; run the same command again to go on"


class TerminatedError(BaseException):
    """The program was asked to end (SIGTERM); like KeyboardInterrupt, it is no `Exception`."""


@contextmanager
def terminating_well() -> Iterator[None]:
    """Inside the block SIGTERM raises TerminatedError at once.

    What is being done is given up: the frame that is refined, the video that is made. Should the
    program be stuck in foreign code, the process ends by itself after `GRACE` seconds, as it does
    after a second Ctrl-C.
    """

    def terminate(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
        raise TerminatedError

    previous = signal.signal(signal.SIGTERM, terminate)
    try:
        with _watchdog():
            yield
    finally:
        if signal.getsignal(signal.SIGTERM) is terminate:
            signal.signal(signal.SIGTERM, previous)


@contextmanager
def _watchdog() -> Iterator[None]:
    """A thread that notices signals as they arrive.

    Python calls handlers between two steps of the main thread, and one step may be the backward
    pass of a large picture; the system writes signals into a pipe whatever that thread is doing.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    previous = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader,), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(previous)
        os.close(writer)


def _watch(reader: int) -> None:
    """End the process `GRACE` seconds after SIGTERM or the second SIGINT; end with the pipe."""
    interrupts = 0
    while numbers := os.read(reader, 64):
        interrupts += numbers.count(signal.SIGINT)
        terminated = signal.SIGTERM in numbers
        if terminated or interrupts > 1:
            time.sleep(GRACE)
            leave(TERMINATED if terminated else INTERRUPTED, FAREWELL if terminated else STOPPED)
    os.close(reader)


@contextmanager
def stopping_well(announce: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether Ctrl-C was pressed.

    Ctrl-C once asks to finish the frame, twice raises KeyboardInterrupt.

    Args:
        announce: called at the first Ctrl-C, to say that the frame is being finished.
    """
    pressed = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        announce()

    previous = signal.signal(signal.SIGINT, interrupt)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, previous)


def leave(code: int, message: str) -> NoReturn:
    """End the process here: taking torch apart takes seconds where the machine is busy.

    Every file is whole or absent at any moment, so there is nothing to tidy.
    """
    with contextlib.suppress(OSError, ValueError):
        # Past the buffers of sys.stderr, which may be what the program is stuck in, and only if nothing blocks.
        descriptor = sys.__stderr__.fileno() if sys.__stderr__ else -1
        if select.select([], [descriptor], [], 0)[1]:
            os.write(descriptor, f"{message}\n".encode())
    os._exit(code)
