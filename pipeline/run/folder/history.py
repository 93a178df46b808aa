"""Earlier runs of a folder: finished runs that an edit would have overwritten, and how to restore them.

`history/0003/` is a run folder like any other. Its files are hard links, so files shared with the current run take no
space; on a file system without hard links they are copies. An entry is built next to its final place and renamed before
anything of the finished run is touched: a kill at any moment leaves one or the other complete.
"""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.run.folder.finished import is_finished, mark_video_outdated
from pipeline.run.folder.folder import RunFolder
from pipeline.storage import locking
from pipeline.storage.atomic import named_partial, replacing, sync_folder
from render.errors import InputError

FOLDER = "history"
KEPT = 10  # earlier finished runs; older ones are removed
_NOTE = "kept.json"
_PARTIAL = ".partial"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An earlier run.

    Attributes:
        made: when its video was made, or when it was last changed, in seconds since the epoch.
        finished: whether its video shows all of its frames.
        hashes: of its frames; None for a missing frame.
    """

    number: int
    folder: RunFolder
    made: float
    finished: bool
    hashes: tuple[str | None, ...]

    @property
    def frames(self) -> int:
        """The number of its frames that are there."""
        return sum(found is not None for found in self.hashes)


class History:
    """The history of one run's folder. Whoever changes it must hold the folder's lock."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self.path = folder.path / FOLDER

    def entries(self) -> list[Entry]:
        """All readable entries, oldest first."""
        return [entry for path in self._places() if (entry := _read(path)) is not None]

    def find(self, number: int) -> Entry:
        """The entry with this number. Raises `InputError` if there is none."""
        found = {entry.number: entry for entry in self.entries()}
        if number not in found:
            known = ", ".join(map(str, found)) or "nothing"
            raise InputError(f"{self.path}: has no run {number}; it has {known}")
        return found[number]

    def keep_finished(self, hashes: list[str]) -> Entry | None:
        """Put the finished run aside if a run with these hashes would replace it; None if that is not needed."""
        if not self._is_at_risk(hashes):
            return None
        with self._exclusive():
            if not self._is_at_risk(hashes):  # another part of the run has already done it
                return None
            entry = self._put_aside()
            self.drop(KEPT)
            mark_video_outdated(self._folder, frames_change=True)
            return entry

    def keep_present(self) -> Entry | None:
        """Put the current run aside if it is finished or has frames that are not kept yet; else return None."""
        found = self._hashes()
        kept = {(index, hash_) for entry in self.entries() for index, hash_ in enumerate(entry.hashes)}
        lost = any(hash_ is not None and (index, hash_) not in kept for index, hash_ in enumerate(found))
        return self._put_aside() if lost or is_finished(self._folder) else None

    def drop(self, keep: int) -> int:
        """Remove all but the latest `keep` entries; return the number removed."""
        entries = self.entries()
        gone = entries[: max(0, len(entries) - keep)]
        for entry in gone:
            _remove(entry.folder.path)
        return len(gone)

    def tidy(self) -> None:
        """Remove half-made entries that a killed process left."""
        for path in self.path.glob(f".*{_PARTIAL}"):
            shutil.rmtree(path, ignore_errors=True)

    def _places(self) -> list[Path]:
        return sorted(
            (path for path in self.path.glob("[0-9]*") if path.name.isdecimal()), key=lambda path: int(path.name)
        )

    def _is_at_risk(self, hashes: list[str]) -> bool:
        if not is_finished(self._folder):
            return False
        found = self._hashes()
        others = (hash_ for hash_, wanted in zip(found, hashes, strict=False) if hash_ not in (None, wanted))
        return any(found) and (len(found) != len(hashes) or any(others))

    def _hashes(self) -> tuple[str | None, ...]:
        """The hashes of the current run's frames, None for a missing frame; empty if there is no run."""
        try:
            count = self._folder.video_plan().frames
        except InputError:
            return ()
        records = (self._folder.frames.record(index) for index in range(count))
        return tuple(record.hash if record else None for record in records)

    def _put_aside(self) -> Entry:
        hashes, finished = self._hashes(), is_finished(self._folder)
        entries = self.entries()
        source = _source(self._folder)
        for entry in entries:
            if (entry.hashes, entry.finished, _source(entry.folder)) == (hashes, finished, source):
                return entry
        number = 1 + max((int(path.name) for path in self._places()), default=0)  # damaged entries occupy a number, too
        partial = self.path / f".{number:04d}{_PARTIAL}"
        shutil.rmtree(partial, ignore_errors=True)
        for path in self._folder.files(len(hashes)):
            link(path, partial / path.relative_to(self._folder.path))
        newest = max((path.stat().st_mtime for path in self._folder.files(0)), default=time.time())
        note = {"made": newest, "finished": finished, "hashes": hashes}
        with replacing(partial / _NOTE) as written:
            written.write_text(json.dumps(note), encoding="utf-8")
        for folder in (partial / "frames", partial / "state", partial):
            sync_folder(folder)
        place = self.path / f"{number:04d}"
        partial.replace(place)
        sync_folder(self.path)
        return self.find(number)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Exclude other parts of the run: they share the folder's lock, but must change the history one by one."""
        self.path.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(locking.LOCK(self.path / ".lock")) as lock:
            with contextlib.suppress(OSError):  # a file system without locks
                lock.wait()
            yield


def link(path: Path, place: Path) -> None:
    """Make `place` a hard link to `path`, complete or not at all; a copy if hard links are not supported."""
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = named_partial(place)
    partial.unlink(missing_ok=True)
    try:
        os.link(path, partial)
    except OSError:
        shutil.copy2(path, partial)
    partial.replace(place)
    partial.unlink(missing_ok=True)  # needed because renaming one hard link onto another of the same file does nothing


def _read(path: Path) -> Entry | None:
    try:
        note = json.loads((path / _NOTE).read_text(encoding="utf-8"))
        hashes = tuple(None if found is None else str(found) for found in note["hashes"])
        made, finished = float(note["made"]), bool(note["finished"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return Entry(number=int(path.name), folder=RunFolder(path), made=made, finished=finished, hashes=hashes)


def _source(folder: RunFolder) -> str | None:
    try:
        return folder.source()
    except InputError:
        return None


def _remove(path: Path) -> None:
    """Rename the entry out of the listing before deleting it: if killed in between, `tidy` removes the rest."""
    gone = path.with_name(f".{path.name}{_PARTIAL}")
    shutil.rmtree(gone, ignore_errors=True)
    path.replace(gone)
    shutil.rmtree(gone, ignore_errors=True)
