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
def only_writer(folder: Path, part: tuple[int, int] | None = None) -> Iterator[None]:
    """Hold the folder's lock inside the block; with a `part` that of these frames, beside writers of other parts.

    Raises:
        FolderInUseError: another run holds it; the text says which.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        if part is None:
            stack.enter_context(_held(folder, NAME))
            for path in folder.glob(f"{NAME}-*"):
                path.unlink(missing_ok=True)  # of parts, which hold ours together while they are at work
        else:
            stack.enter_context(_held(folder, NAME, together=True))
            stack.enter_context(_held(folder, f"{NAME}-{part[0]}"))
        yield


@contextmanager
def _held(folder: Path, name: str, together: bool = False) -> Iterator[None]:
    path = folder / name
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if not _acquired(descriptor, path, fcntl.LOCK_SH if together else fcntl.LOCK_EX):
            raise FolderInUseError(folder, str(_read(path) or holder(folder) or "another run"))
        if together:
            yield
            return
        me = Holder(host=platform.node(), pid=os.getpid(), started=time.strftime("%Y-%m-%d %H:%M:%S"))
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(me)).encode(), 0)
        yield
        os.truncate(descriptor, 0)
    finally:
        os.close(descriptor)


def holder(folder: Path) -> Holder | None:
    """Who holds the folder's lock at this moment, or that of a part; None where nobody does."""
    for path in (folder / NAME, *sorted(folder.glob(f"{NAME}-*"))):
        with contextlib.suppress(OSError), path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _read(path)
    return None


def _acquired(descriptor: int, path: Path, kind: int) -> bool:
    for _ in range(ATTEMPTS):
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
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
