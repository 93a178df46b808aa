"""A run whose folder mirrors a bucket: files are downloaded before the run and uploaded while it renders."""

import contextlib
from collections.abc import Callable, Generator
from pathlib import Path, PurePosixPath

from pipeline.run.events import Event, Failed, Finished, FrameDone, Interrupted, Started
from pipeline.run.folder import history
from pipeline.run.folder.lock import in_use
from pipeline.run.interrupt import TerminatedError
from pipeline.storage.ledger import Ledger, stamp_of
from pipeline.storage.pull import pull
from pipeline.storage.store import Store
from pipeline.storage.uploads import Uploads
from render.errors import FolderInUseError, StorageError

_LAST = Finished | Interrupted | Failed
_LATEST = 16  # the number of latest frames whose files may not be on the disk yet


def mirrored(
    store: Store,
    folder: Path,
    title: str,
    run: Callable[[], Generator[Event, None, None]],
    part: tuple[int, int] | None = None,
) -> Generator[Event, None, None]:
    """Yield the events of a run in `folder` that continues from what `store` holds and uploads what it makes.

    The last event comes when everything has been uploaded. If the bucket cannot be reached, that event is a failure;
    the folder keeps what was rendered, and the next run uploads it.

    Args:
        part: the frames that belong to this run, see `RunOptions.part`; files of other frames are not touched.
    """
    if holder := in_use(folder, part):  # we must not replace its files
        yield Failed.of(title, FolderInUseError(folder, holder))
        return
    try:
        ledger = Ledger(folder, part)
        own = _own(part)
        objects, same = pull(store, folder, ledger, own)
        with Uploads(store) as uploads:
            mirror = _Mirror(folder, uploads, ledger, objects, same, own)
            mirror.all()
            yield from mirror.followed(run())
    except StorageError as error:
        yield Failed.of(title, error)


def _own(part: tuple[int, int] | None) -> Callable[[str], bool]:
    """A test whether a file belongs to the run: its frames, states and log; everything else belongs to the first part.

    The history of earlier runs always stays on this machine.
    """
    begin, end = part or (0, 0)

    def own(key: str) -> bool:
        path = PurePosixPath(key)
        if path.parts[0] == history.FOLDER:
            return False
        if part is None:
            return True
        if path.parent.name in ("frames", "state") and path.stem.isdecimal():
            return begin <= int(path.stem) < end
        if path.match("batch-*.log"):
            return path.name == f"batch-{begin}.log"
        return begin == 0

    return own


class _Mirror:
    """Tracks which files have been uploaded unchanged, and which objects no longer have a file."""

    def __init__(
        self,
        folder: Path,
        uploads: Uploads,
        ledger: Ledger,
        objects: set[str],
        same: set[str],
        own: Callable[[str], bool],
    ) -> None:
        self._own = own
        self._folder = folder
        self._uploads = uploads
        self._ledger = ledger
        self._objects = set(objects)
        self._stamps = {name: stamp_of(folder / name) for name in same}  # of the files as they were uploaded
        self._late: list[int] = []

    def followed(self, events: Generator[Event, None, None]) -> Generator[Event, None, None]:
        """Yield the events of the run, each after its files have been handed to the uploads; closes the run."""
        try:
            with contextlib.closing(events):
                for event in events:
                    if isinstance(event, FrameDone):
                        self.frame(event.index)
                    elif isinstance(event, Started | _LAST):
                        self.all()
                    if isinstance(event, _LAST):
                        self._uploads.drain()
                        self._ledger.save()
                    yield event
        except (GeneratorExit, KeyboardInterrupt, TerminatedError):
            with contextlib.suppress(StorageError):
                self.all()  # the latest frames may be on the disk without having been reported
            raise

    def frame(self, index: int) -> None:
        """Upload a frame and the state after it, and the files of recent frames that were not on the disk before."""
        self._late = [*self._late, index][-_LATEST:]
        for number in tuple(self._late):
            names = f"state/{number:06d}.safetensors", f"frames/{number:06d}.png"
            there = [self._upload(name) for name in names]
            if all(there):
                self._late.remove(number)
        self._forget("state/")

    def all(self) -> None:
        """Upload every new or changed file, and delete the objects whose files are gone."""
        for path in sorted(self._folder.rglob("*")):
            name = path.relative_to(self._folder).as_posix()
            if not path.name.startswith(".") and self._own(name) and path.is_file():
                self._upload(name)
        self._forget("")

    def _upload(self, name: str) -> bool:
        """Upload a file if it has changed; return whether it exists."""
        path = self._folder / name
        try:
            stamp = stamp_of(path)
            if self._stamps.get(name) == stamp:
                return True
            data = path.read_bytes()
        except FileNotFoundError:
            return False
        self._uploads.put(name, data, lambda tag: self._ledger.note(name, tag, stamp))
        self._stamps[name] = stamp
        self._objects.add(name)
        return True

    def _forget(self, below: str) -> None:
        for name in sorted(self._objects):
            if name.startswith(below) and not (self._folder / name).exists():
                self._uploads.delete(name)
                self._objects.discard(name)
                self._stamps.pop(name, None)
                self._ledger.forget(name)
