"""Notices files the moment they appear, so that a fault can be aimed at phases that last a millisecond.

Linux only (inotify); polling would see one partial file in ten.
"""

import ctypes
import fnmatch
import os
import select
import struct
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import PATIENCE

KINDS = {"modified": 0x2, "renamed": 0x80, "created": 0x100, "deleted": 0x200}
_HEADER = struct.Struct("iIII")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """`delay` seconds after the `count`-th file that matches `pattern` in `folder` was created, renamed or deleted.

    Attributes:
        folder: within the run's folder: "", "frames" or "state".
        kind: one of KINDS.
    """

    folder: str
    kind: str
    pattern: str
    count: int = 1
    delay: float = 0.0

    def __str__(self) -> str:
        return f"{self.delay * 1000:.1f} ms after {self.count} × {self.folder}/{self.pattern} {self.kind}"


class Watch:
    """The events in a run's folder from the moment this is created."""

    def __init__(self, folder: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        assert self._descriptor >= 0, os.strerror(ctypes.get_errno())
        self._folders = {}
        for name in ("", "frames", "state"):
            place = folder / name
            place.mkdir(parents=True, exist_ok=True)
            watched = self._libc.inotify_add_watch(self._descriptor, bytes(place), sum(KINDS.values()))
            assert watched >= 0, os.strerror(ctypes.get_errno())
            self._folders[watched] = name

    def reach(self, moment: Moment, process: subprocess.Popen[str], patience: float = PATIENCE) -> bool:
        """Wait for the moment; False if the process ended first."""
        left = moment.count
        deadline = time.monotonic() + patience
        while left:
            assert time.monotonic() < deadline, f"{moment}: did not happen"
            if not select.select([self._descriptor], [], [], 0.05)[0]:
                if process.poll() is not None:
                    return False
                continue
            left = max(0, left - sum(self._fits(moment, *event) for event in self._read()))
        time.sleep(moment.delay)
        return process.poll() is None

    def close(self) -> None:
        os.close(self._descriptor)

    def _fits(self, moment: Moment, folder: str, mask: int, name: str) -> bool:
        wanted = folder == moment.folder and mask & KINDS[moment.kind]
        return bool(wanted) and fnmatch.fnmatch(name, moment.pattern)

    def _read(self) -> Iterator[tuple[str, int, str]]:
        received = os.read(self._descriptor, 65536)
        while received:
            watched, mask, _, length = _HEADER.unpack_from(received)
            name = received[_HEADER.size : _HEADER.size + length].rstrip(b"\0")
            yield self._folders[watched], mask, os.fsdecode(name)
            received = received[_HEADER.size + length :]
