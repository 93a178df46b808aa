"""One writer per run: a lock file in the run's folder that also says who holds it.

The operating system holds the lock (`pipeline.storage.locking`), so it disappears with its process, however that ended;
its note only tells people who the holder is. On shared storage it works across machines if the file system forwards
locks (NFS does). If the file system has no locks at all, it only excludes other runs on the same machine.
"""

import contextlib
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.storage import locking
from pipeline.storage.locking import LockFile
from pipeline.storage.processes import boot, is_running, start_of
from render.errors import FolderInUseError, OutputFolderError

NAME = ".lock"
UNKNOWN_HOLDER = "another run"

Part = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A process that is writing into a folder, its machine, and since when (local time).

    Attributes:
        start: start time of the process, and `boot` of its machine, see `pipeline.storage.processes`; empty if unknown.
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
    """Hold the folder's lock inside the block; a `part` locks only its frames, so writers of other parts can run.

    Raises:
        FolderInUseError: another run holds the lock, or a part that shares frames with this one; it says which.
        OutputFolderError: the folder cannot be created or written to.
    """
    with contextlib.ExitStack() as stack:
        if part is None or locking.LOCK.can_share:
            stack.enter_context(_held(folder, NAME, shared=part is not None))
        if part is None:
            if not locking.LOCK.can_share and (other := in_use(folder, but=NAME)):  # parts do not hold our lock
                raise FolderInUseError(folder, other)
            for path in folder.glob(f"{NAME}-*"):
                with contextlib.suppress(PermissionError):  # Windows: a part has just opened it, and will be refused
                    path.unlink(missing_ok=True)  # of parts; none is running, since they share our lock
        else:
            stack.enter_context(_held(folder, _name(part)))
            # Lock first, then check the others: if two start at once, one may be refused needlessly, but never none.
            if other := in_use(folder, part, but=_name(part)):
                raise FolderInUseError(folder, other)
        yield


def in_use(folder: Path, part: Part | None = None, but: str = "") -> str:
    """Who is currently keeping a run, or a part of it, out of the folder, in words; empty if nobody is.

    Args:
        but: the name of a lock to ignore.
    """
    for path in _locks(folder, part):
        held, who = _probe(path)
        if held and path.name != but:
            return str(who or UNKNOWN_HOLDER)
    return ""


def holder(folder: Path) -> Holder | None:
    """Who currently holds the folder's lock, or a part's; None if nobody does or it is unknown."""
    return next((who for held, who in map(_probe, _locks(folder, None)) if held), None)


@contextmanager
def _held(folder: Path, name: str, shared: bool = False) -> Iterator[None]:
    path = folder / name
    lock = _opened(path)
    try:
        if not _acquired(lock, path, shared):
            raise FolderInUseError(folder, str(_read(path) or holder(folder) or UNKNOWN_HOLDER))
        lock.note("")  # a holder that died left its name
        if not shared:
            lock.note(json.dumps(asdict(_me())))
        yield
        if not shared:
            lock.note("")
    finally:
        lock.close()


def _opened(path: Path) -> LockFile:
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        in_the_way = next((path for path in (folder, *folder.parents) if path.exists() and not path.is_dir()), None)
        why = f"{in_the_way} is a file" if in_the_way else error.strerror
        raise OutputFolderError(f"cannot create the output folder {folder}: {why}") from error
    try:
        return locking.LOCK(path)
    except OSError as error:
        why = f"{error.strerror}; finished work is kept"
        raise OutputFolderError(f"cannot write to the output folder {folder}: {why}") from error


def _me() -> Holder:
    pid, now = os.getpid(), time.strftime("%Y-%m-%d %H:%M:%S")
    return Holder(host=platform.node(), pid=pid, started=now, start=start_of(pid), boot=boot())


def _name(part: Part) -> str:
    return f"{NAME}-{part[0]}-{part[1]}"


def _locks(folder: Path, part: Part | None) -> Iterator[Path]:
    """The lock files that can keep out a run, or a part of it: the folder's, and those of parts that share frames."""
    yield folder / NAME
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob(f"{NAME}-*")):
            numbers = path.name.removeprefix(f"{NAME}-").split("-")
            if len(numbers) != 2 or not all(number.isdecimal() for number in numbers):
                continue
            begin, end = map(int, numbers)
            if part is None or (begin < part[1] and part[0] < end):
                yield path


def _probe(path: Path) -> tuple[bool, Holder | None]:
    """Whether a lock is held exclusively, and by whom, as far as the file says."""
    try:
        held = path.exists() and locking.LOCK.is_held(path)
    except OSError:  # a file system without locks
        who = _read(path)
        return _is_alive(who), who
    return held, _read(path) if held else None


def _acquired(lock: LockFile, path: Path, shared: bool) -> bool:
    try:
        return lock.acquire(shared=shared)
    except OSError:  # a file system without locks: the notes are the only evidence
        parts = path.parent.glob(f"{NAME}-*") if path.name == NAME and not shared else ()
        return not any(_is_alive(_read(each)) for each in (path, *parts))


def _is_alive(who: Holder | None) -> bool:
    """Whether it is another live process on this machine; False for other machines, whose processes are unknown."""
    if who is None or who.host != platform.node() or who.pid == os.getpid():
        return False
    return is_running(who.pid, who.start, who.boot)


def _read(path: Path) -> Holder | None:
    try:
        who = Holder(**json.loads(locking.LOCK.note_of(path)))
        return who if isinstance(who.pid, int) else None
    except (OSError, ValueError, TypeError):
        return None
