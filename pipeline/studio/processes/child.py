"""A process that answers messages: the side of the server, and the side of the process itself."""

import asyncio
import contextlib
import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from pipeline.run.interrupt import (
    KILL,
    TERMINATED,
    TERMINATED_MESSAGE,
    TerminatedError,
    end_with_parent,
    exit_now,
    handling_sigterm,
)

PATIENCE = 6.0  # seconds from SIGTERM to SIGKILL; the process itself gives up after four
_SHOWN = 300  # characters of the last line of a log
_TAIL = 4_096  # bytes of a log that are read

Work = Callable[[Connection], None]
Received = Callable[[Any], None]


class Child:
    """A process that is running, or has ended. All methods but `start` belong to the thread of the event loop.

    Args:
        work: what the process does with its end of the pipe; a function of a module.
        received: called in the event loop with each message of the process, in order.
        log: a file that takes the output of the process.
    """

    def __init__(self, work: Work, received: Received, log: Path) -> None:
        self._work, self._received, self._log = work, received, log
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._loop = asyncio.get_running_loop()
        self.ended = asyncio.Event()

    async def start(self) -> None:
        """Start the process. Raises OSError if the system cannot start another one."""
        await asyncio.to_thread(self._start)
        threading.Thread(target=self._receive, name="child", daemon=True).start()

    def send(self, message: Any) -> None:
        """Send a message; one that has died gets none, which `ended` tells."""
        if self._connection is not None:
            with contextlib.suppress(OSError, ValueError):
                self._connection.send(message)

    def signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self._process is not None and self._process.pid is not None and not self.ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    async def end(self, patience: float = PATIENCE) -> None:
        """Have the process end: ask it to, and kill it if it does not."""
        self.signal(signal.SIGTERM)
        if not await self.has_ended(patience):
            self.signal(KILL)
            await self.ended.wait()

    async def has_ended(self, patience: float) -> bool:
        """Whether it ends within some seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), patience)
        return self.ended.is_set()

    def ending(self) -> str:
        """How the process ended, in words, with the last line of its log."""
        code = None if self._process is None else self._process.exitcode
        if code == -KILL:
            return "its process was killed (SIGKILL, usually because the system ran out of memory)"
        if code is not None and code < 0:
            return f"its process was killed by {signal.Signals(-code).name}"
        return f"its process ended with exit code {code}{self._last_line()}"

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_main, args=(self._work, theirs, self._log), daemon=True)
        try:
            process.start()
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        self._process, self._connection = process, ours

    def _receive(self) -> None:
        assert self._connection is not None
        assert self._process is not None
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._tell(self._received, self._connection.recv())
        self._process.join(PATIENCE)
        if self._process.is_alive():  # it has closed its pipe, so it can no longer be reached
            self._process.kill()
            self._process.join()
        self._connection.close()
        self._tell(self.ended.set)

    def _tell(self, function: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(function, *arguments)

    def _last_line(self) -> str:
        with contextlib.suppress(OSError), self._log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            lines = file.read().decode(errors="replace").split("\n")
            if found := [line.strip() for line in lines if line.strip()]:
                return f": {found[-1][:_SHOWN]}"
        return ""


def _main(work: Work, connection: Connection, log: Path) -> None:
    """Run in the process: it is apart from the terminal, whose Ctrl-C is for the server, and ends with the server."""
    if hasattr(os, "setsid"):
        os.setsid()
    _log_to(log)
    try:
        with handling_sigterm():
            threading.Thread(target=end_with_parent, name="parent", daemon=True).start()
            work(connection)
    except TerminatedError:
        exit_now(TERMINATED, TERMINATED_MESSAGE)
    except (EOFError, BrokenPipeError):  # the server is gone
        return


def _log_to(path: Path) -> None:
    try:
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    sys.stdout.flush()
    sys.stderr.flush()
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)
    faulthandler.enable(file=2)
