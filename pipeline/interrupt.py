"""Ctrl-C and preemption that lose nothing: what is finished is on the disk whenever we stop."""

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130  # the exit code of a run that Ctrl-C ended
TERMINATED = 143  # and of one that was told to go (SIGTERM: preemption, shutdown, kill)
GRACE = 4.0  # seconds from SIGTERM to the end, whatever the program is doing
FAREWELL = "terminated; run the same command again to go on"


class TerminatedError(BaseException):
    """The program was told to go; like KeyboardInterrupt no handler of errors takes it for one."""


@contextmanager
def terminating_well() -> Iterator[None]:
    """Inside the block SIGTERM raises TerminatedError at once.

    What is being done is given up: the frame that is refined, the video that is made. Should the
    exception get stuck in foreign code, the process ends by itself after `GRACE` seconds.
    """

    def terminate(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
        watchdog = threading.Timer(GRACE, _leave)
        watchdog.daemon = True
        watchdog.start()
        raise TerminatedError

    previous = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is terminate:
            signal.signal(signal.SIGTERM, previous)


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


def _leave() -> None:
    """Every file is whole or absent at any moment, so there is nothing to tidy."""
    with contextlib.suppress(OSError, ValueError):
        # Past the buffers of sys.stderr, which may be what the program is stuck in, and only if nothing blocks.
        descriptor = sys.__stderr__.fileno() if sys.__stderr__ else -1
        if select.select([], [descriptor], [], 0)[1]:
            os.write(descriptor, f"{FAREWELL}\n".encode())
    os._exit(TERMINATED)
