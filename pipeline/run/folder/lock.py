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

from pipeline.storage.processes import boot, lives, start_of
from render.errors import FolderInUseError, OutputFolderError

NAME = ".lock"
ATTEMPTS = 3  # `render status` holds the lock for a moment, to see whether it is held
SOMEBODY = "another run"

Part = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who writes into a folder: the process, its machine, and since when (local time).

    Attributes:
        start: of the process, and `boot` of its machine, see `pipeline.storage.processes`; empty where they are
            not known.
    """

    host: str
    pid: int
    started: str
    start: str = ""
    boot: str = ""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.started}"


@contextmanager
def only_writer(folder: Path, part: Part | None = None) -> Iterator[None]:
    """Hold the folder's lock inside the block; with a `part` that of these frames, beside writers of other parts.

    Raises:
        FolderInUseError: another run holds it, or a part with frames of this one; the text says which.
        OutputFolderError: the folder cannot be made or written to.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_held(folder, NAME, together=part is not None))
        if part is None:
            for path in folder.glob(f"{NAME}-*"):
                path.unlink(missing_ok=True)  # of parts, which hold ours together while they are at work
        else:
            stack.enter_context(_held(folder, _name(part)))
            # Ours first, then a look at the others: of two that come at once one may be refused in vain, never none.
            if other := in_use(folder, part, but=_name(part)):
                raise FolderInUseError(folder, other)
        yield


def in_use(folder: Path, part: Part | None = None, but: str = "") -> str:
    """Who would keep a run, or a part of it, out of the folder at this moment, in words; empty where nobody would.

    Args:
        but: the name of a lock that does not count.
    """
    for path in _locks(folder, part):
        held, who = _look(path)
        if held and path.name != but:
            return str(who or SOMEBODY)
    return ""


def holder(folder: Path) -> Holder | None:
    """Who holds the folder's lock at this moment, or that of a part; None where nobody does or it is not known."""
    return next((who for held, who in map(_look, _locks(folder, None)) if held), None)


@contextmanager
def _held(folder: Path, name: str, together: bool = False) -> Iterator[None]:
    path = folder / name
    descriptor = _opened(path)
    try:
        if not _acquired(descriptor, path, fcntl.LOCK_SH if together else fcntl.LOCK_EX):
            raise FolderInUseError(folder, str(_read(path) or holder(folder) or SOMEBODY))
        os.truncate(descriptor, 0)  # who died with it does not hold it any more
        if not together:
            os.pwrite(descriptor, json.dumps(asdict(_me())).encode(), 0)
        yield
        if not together:
            os.truncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        in_the_way = next((path for path in (folder, *folder.parents) if path.exists() and not path.is_dir()), None)
        why = f"{in_the_way} is a file" if in_the_way else error.strerror
        raise OutputFolderError(f"cannot create the output folder {folder}: {why}") from error
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        why = f"{error.strerror}; what is finished is kept"
        raise OutputFolderError(f"cannot write to the output folder {folder}: {why}") from error


def _me() -> Holder:
    pid, now = os.getpid(), time.strftime("%Y-%m-%d %H:%M:%S")
    return Holder(host=platform.node(), pid=pid, started=now, start=start_of(pid), boot=boot())


def _name(part: Part) -> str:
    return f"{NAME}-{part[0]}-{part[1]}"


def _locks(folder: Path, part: Part | None) -> Iterator[Path]:
    """The files of the locks that keep out a run, or a part of it: the folder's, those of parts that share frames."""
    yield folder / NAME
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob(f"{NAME}-*")):
            numbers = path.name.removeprefix(f"{NAME}-").split("-")
            if len(numbers) != 2 or not all(number.isdecimal() for number in numbers):
                continue
            begin, end = map(int, numbers)
            if part is None or (begin < part[1] and part[0] < end):
                yield path


def _look(path: Path) -> tuple[bool, Holder | None]:
    """Whether a lock is held by one alone, and by whom, as far as the file says."""
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True, _read(path)
            except OSError:  # a file system without locks
                who = _read(path)
                return _lives(who), who
    except OSError:
        pass
    return False, None


def _acquired(descriptor: int, path: Path, kind: int) -> bool:
    for _ in range(ATTEMPTS):
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        except OSError:  # a file system without locks: what the files say is all there is
            parts = path.parent.glob(f"{NAME}-*") if path.name == NAME and kind == fcntl.LOCK_EX else ()
            return not any(_lives(_read(each)) for each in (path, *parts))
        else:
            return True
    return False


def _lives(who: Holder | None) -> bool:
    """Whether it is another process of this machine that runs; of another machine's nothing can be known."""
    if who is None or who.host != platform.node() or who.pid == os.getpid():
        return False
    return lives(who.pid, who.start, who.boot)


def _read(path: Path) -> Holder | None:
    try:
        who = Holder(**json.loads(path.read_text(encoding="utf-8")))
        return who if isinstance(who.pid, int) else None
    except (OSError, ValueError, TypeError):
        return None
