"""Record which local files equal their objects, so that files that were uploaded or fetched are not fetched again.

It only saves work: if it is lost, for example when the process is killed, the newer of file and object is used.
"""

import contextlib
import json
from pathlib import Path

from pipeline.storage.atomic import write_text
from pipeline.storage.store import Object

NAME = ".mirror.json"


class Ledger:
    """Maps an object's key to the local file's stamp and the tag of the object that it equals.

    Args:
        part: the range of frames of a run that renders only these, for a ledger of its own. Reading merges all ledgers.
    """

    def __init__(self, folder: Path, part: tuple[int, int] | None = None) -> None:
        self._folder = folder
        self._path = folder / (NAME if part is None else f".mirror-{part[0]}.json")
        self._known: dict[str, list[object]] = {}
        for path in (folder / NAME, *sorted(folder.glob(".mirror-*.json"))):
            with contextlib.suppress(OSError, ValueError):  # missing the first time, or damaged
                read = json.loads(path.read_text(encoding="utf-8"))
                self._known |= read if isinstance(read, dict) else {}

    def note(self, key: str, tag: str | None, stamp: tuple[int, int]) -> None:
        """Record that the file with this time and size equals the object with this tag."""
        self._known[key] = [tag, *stamp]

    def forget(self, key: str) -> None:
        self._known.pop(key, None)

    def is_same(self, found: Object) -> bool:
        """Whether the file was recorded as equal to the object, and neither has changed since."""
        try:
            return self._known.get(found.key) == [found.tag, *stamp_of(self._folder / found.key)]
        except OSError:
            return False

    def save(self) -> None:
        if self._folder.is_dir():
            write_text(self._path, json.dumps(self._known))
        if self._path.name == NAME:
            for path in self._folder.glob(".mirror-*.json"):
                path.unlink(missing_ok=True)


def stamp_of(path: Path) -> tuple[int, int]:
    """Return a file's modification time in nanoseconds and its size in bytes. Raises OSError."""
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size
