"""Ctrl-C and preemption without loss: whenever the program stops, finished frames are on the disk."""

import contextlib
import multiprocessing
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130  # exit code of a run that was ended by Ctrl-C
TERMINATED = 143  # exit code of a run that was ended by SIGTERM (preemption, shutdown, kill)
KILL: int = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows knows one way to end a process: at once
GRACE = 4.0  # seconds from SIGTERM or the second Ctrl-C until the process ends, whatever it is doing
TERMINATED_MESSAGE = "terminated; run the same command again to continue"
STOPPED_MESSAGE = "stopped; run the same command again to continue"


class TerminatedError(BaseException):
    """Raised when the program is asked to terminate (SIGTERM); like KeyboardInterrupt, it is not an `Exception`."""


@contextmanager
def handling_sigterm() -> Iterator[None]:
    """Inside the block, SIGTERM raises TerminatedError at once.

    Work in progress is given up: the frame being refined, the video being made. If the program is stuck in foreign
    code, the process ends by itself after `GRACE` seconds, as it does after a second Ctrl-C.
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
    """Run a thread that notices signals as they arrive.

    Python runs signal handlers between two bytecode instructions of the main thread, and one instruction may be the
    backward pass of a large picture. The wakeup socket receives signals whatever that thread is doing.
    """
    reader, writer = socket.socketpair()  # Windows has no pipes that never block
    writer.setblocking(False)
    previous = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader,), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(previous)
        writer.close()


def _watch(reader: socket.socket) -> None:
    """End the process `GRACE` seconds after SIGTERM or the second SIGINT; return when the other end is closed."""
    interrupts = 0
    while numbers := reader.recv(64):
        interrupts += numbers.count(signal.SIGINT)
        terminated = signal.SIGTERM in numbers
        if terminated or interrupts > 1:
            time.sleep(GRACE)
            exit_now(TERMINATED if terminated else INTERRUPTED, TERMINATED_MESSAGE if terminated else STOPPED_MESSAGE)
    reader.close()


@contextmanager
def handling_ctrl_c(announce: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether Ctrl-C was pressed.

    The first Ctrl-C asks to finish the current frame, the second raises KeyboardInterrupt.

    Args:
        announce: called at the first Ctrl-C, to report that the frame is being finished.
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


def end_with_parent() -> None:
    """In a process that `multiprocessing` has started, wait until its parent ends, then end at once, as on SIGTERM.

    When the parent is started again, its folders must not be locked by a worker in the middle of a long frame.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # it reads a pipe whose other end only the parent holds
        os.kill(os.getpid(), signal.SIGTERM)


def exit_now(code: int, message: str) -> NoReturn:
    """End the process here, without cleanup: taking torch apart takes seconds on a busy machine.

    Every file is complete or absent at any moment, so there is nothing to clean up.
    """
    with contextlib.suppress(OSError, ValueError):
        # Bypass the buffers of sys.stderr, which the program may be stuck in, and write only if that does not block.
        descriptor = sys.__stderr__.fileno() if sys.__stderr__ else -1
        if sys.platform == "win32" or select.select([], [descriptor], [], 0)[1]:
            os.write(descriptor, f"{message}\n".encode())
    os._exit(code)
