"""One run, one writer: a lock in the run's folder that says who holds it.

The operating system holds the lock (flock), so it is gone with its process, however that ended; the
file only tells people who the holder is. On shared storage it holds across machines where the file
system passes locks on (NFS does). Where there are no locks at all, it keeps out runs of one machine.
"""

import contextlib
import fcntl
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from render.errors import FolderInUseError

NAME = ".lock"
ATTEMPTS = 3  # `render status` holds the lock for a moment, to see whether it is held


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who writes into a folder: the process, its machine, and since when (local time)."""

    host: str
    pid: int
    started: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.started}"


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock inside the block.

    Raises:
        FolderInUseError: another run holds it; the text says which.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if not _acquired(descriptor, path):
            raise FolderInUseError(folder, str(_read(path) or "another run"))
        me = Holder(host=platform.node(), pid=os.getpid(), started=time.strftime("%Y-%m-%d %H:%M:%S"))
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(me)).encode(), 0)
        yield
        os.truncate(descriptor, 0)
    finally:
        os.close(descriptor)


def holder(folder: Path) -> Holder | None:
    """Who holds the folder's lock at this moment; None where nobody does."""
    with contextlib.suppress(OSError), (folder / NAME).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(folder / NAME)
    return None


def _acquired(descriptor: int, path: Path) -> bool:
    for _ in range(ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        except OSError:  # a file system without locks: what the file says is all there is
            return not _lives(_read(path))
        else:
            return True
    return False


def _lives(holder: Holder | None) -> bool:
    """Whether it is another process of this machine that runs; of another machine's nothing can be known."""
    if holder is None or holder.host != platform.node() or holder.pid == os.getpid():
        return False
    return Path(f"/proc/{holder.pid}").exists()


def _read(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
