"""Lock files: the operating system drops a lock with its process, however that ended.

On POSIX systems this is flock, whose locks can be shared, and the file holds a note of who locked it. Windows has no
flock: `filelock` takes a lock there that is always exclusive and keeps others from reading the file, so the note is in
a file beside it. Every operation raises OSError if the file system has no locks.
"""

import os
import time
from pathlib import Path
from typing import ClassVar, Protocol

from filelock import FileLock, Timeout

from pipeline.storage.atomic import write_text

try:
    import fcntl
except ImportError:
    HAS_FLOCK = False
else:
    HAS_FLOCK = True

ATTEMPTS = 3  # asking whether a file is locked takes the lock for a moment
_PAUSE = 0.05  # seconds between attempts
_NOTE = ".by"


class LockFile(Protocol):
    """An open lock file. Closing it drops the lock.

    Attributes:
        can_share: whether a lock can be shared; if not, `acquire` must not be asked to.
    """

    can_share: ClassVar[bool]

    def __init__(self, path: Path) -> None: ...

    def acquire(self, *, shared: bool = False) -> bool:
        """Take the lock, without waiting for one who keeps it; return whether that succeeded."""
        ...

    def wait(self) -> None:
        """Take the lock exclusively, however long that takes."""
        ...

    def note(self, text: str) -> None:
        """Replace the note by `text`; "" for none."""
        ...

    def close(self) -> None: ...

    @staticmethod
    def is_held(path: Path) -> bool:
        """Whether a file is locked exclusively by anybody."""
        ...

    @staticmethod
    def note_of(path: Path) -> str:
        """Read the note of a lock file, whoever holds it."""
        ...


class Flock:
    """A lock by flock."""

    can_share: ClassVar[bool] = True

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def acquire(self, *, shared: bool = False) -> bool:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        for _ in range(ATTEMPTS):
            try:
                fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_PAUSE)
            else:
                return True
        return False

    def wait(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def note(self, text: str) -> None:
        os.truncate(self._descriptor, 0)
        if text:
            os.pwrite(self._descriptor, text.encode(), 0)

    def close(self) -> None:
        os.close(self._descriptor)

    @staticmethod
    def is_held(path: Path) -> bool:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    @staticmethod
    def note_of(path: Path) -> str:
        return path.read_text(encoding="utf-8")


class Exclusive:
    """A lock by `filelock`, which cannot be shared. What it does on Windows it can also do elsewhere."""

    can_share: ClassVar[bool] = False

    def __init__(self, path: Path) -> None:
        _touched(path)
        self._lock, self._note = FileLock(path, thread_local=False), _noted(path)

    def acquire(self, *, shared: bool = False) -> bool:
        assert not shared
        return self._taken((ATTEMPTS - 1) * _PAUSE)

    def wait(self) -> None:
        self._taken(-1)

    def note(self, text: str) -> None:
        if text:
            write_text(self._note, text)
        else:
            self._note.unlink(missing_ok=True)

    def close(self) -> None:
        self._lock.release()

    @staticmethod
    def is_held(path: Path) -> bool:
        if not path.exists():
            return False
        lock = Exclusive(path)
        try:
            return not lock.acquire()
        finally:
            lock.close()

    @staticmethod
    def note_of(path: Path) -> str:
        return _noted(path).read_text(encoding="utf-8")

    def _taken(self, seconds: float) -> bool:
        try:
            self._lock.acquire(timeout=seconds, poll_interval=_PAUSE)
        except Timeout:
            return False
        except NotImplementedError as error:
            raise OSError(str(error)) from error
        return True


def _touched(path: Path) -> None:
    """Create a file unless it is there, to tell now if its folder cannot be written to."""
    for attempt in range(ATTEMPTS):
        try:
            path.touch()
        except PermissionError:  # Windows: or its last holder is just removing it
            if attempt + 1 == ATTEMPTS:
                raise
            time.sleep(_PAUSE)
        else:
            break


def _noted(path: Path) -> Path:
    return path.with_name(f"{path.name}{_NOTE}")


LOCK: type[LockFile] = Flock if HAS_FLOCK else Exclusive
