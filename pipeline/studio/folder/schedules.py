"""Reads and writes the schedules of the opened folder, byte for byte."""

import contextlib
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from pipeline.schedule.document.sources import MAX_BYTES
from pipeline.storage.atomic import replacing
from pipeline.storage.did_you_mean import SUFFIXES
from pipeline.studio.folder.opened import OpenedFolder
from pipeline.studio.folder.refused import RefusedError
from render.files.bounded import TooLargeError, read_bounded

_SUFFIXES = frozenset(SUFFIXES)
_MARK = "\ufeff"  # a byte order mark, which some editors write


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A schedule in the folder.

    Attributes:
        title: its file's name without the suffix.
        size: in bytes.
        changed: when it was last written, in seconds since 1970.
    """

    path: str
    title: str
    size: int
    changed: float


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A schedule's text.

    Attributes:
        version: changes with every change of the file; it is needed to write the file.
    """

    path: str
    text: str
    version: str


class Schedules:
    """The schedules of a folder. Those that runs keep in the folder of outputs are not listed."""

    def __init__(self, folder: OpenedFolder, outputs: Path) -> None:
        self.folder, self._outputs = folder, outputs.resolve()

    def all(self) -> list[Listed]:
        """Every schedule in the folder and below, sorted by path."""
        found = []
        for path in self.folder.files(_SUFFIXES):
            if path.is_relative_to(self._outputs):
                continue
            with contextlib.suppress(OSError):  # it has just been deleted
                now = path.stat()
                name = self.folder.name(path)
                found.append(Listed(path=name, title=path.stem, size=now.st_size, changed=now.st_mtime))
        return found

    def read(self, path: str) -> Opened:
        """A schedule's text as it is in the file, without a byte order mark. Raises `RefusedError`."""
        data = _bytes(self.path(path), path)
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            raise RefusedError(400, f"{path}: not UTF-8 text (byte {error.start})") from error
        return Opened(path=path, text=text.removeprefix(_MARK), version=_version(data))

    def write(self, path: str, text: str, version: str | None) -> str:
        """Replace a schedule's text, and return its new version.

        Args:
            version: that of the text which this one was made from; None for a new file.

        Raises:
            RefusedError: the file has changed since `version`, or is there though it should be new (409); it cannot
                be written, or is too long.
        """
        place = self.folder.place(path, _SUFFIXES)
        before = _bytes(place, path) if place.exists() else None
        if (None if before is None else _version(before)) != version:
            raise RefusedError(409, _conflict(path, before, version))
        mark = _MARK if before is not None and before.startswith(_MARK.encode()) else ""
        data = mark.encode() + _encoded(path, text)
        if len(data) > MAX_BYTES:
            raise RefusedError(413, f"{path}: a schedule has at most {MAX_BYTES:,} bytes")
        try:
            with replacing(place) as partial:
                partial.write_bytes(data)
                if before is not None:
                    shutil.copymode(place, partial)
        except OSError as error:
            raise RefusedError(500, f"{path}: cannot be written: {error.strerror or error}") from error
        return _version(data)

    def path(self, path: str) -> Path:
        """The file of a schedule. Raises `RefusedError` if there is none."""
        return self.folder.file(path, _SUFFIXES)

    def place(self, path: str) -> Path:
        """The file of a schedule, which need not exist. Raises `RefusedError` if it could not."""
        return self.folder.place(path, _SUFFIXES)


def _bytes(file: Path, path: str) -> bytes:
    try:
        return read_bounded(file, MAX_BYTES)
    except TooLargeError as error:
        raise RefusedError(413, f"{path}: {error}; is this a schedule?") from error
    except FileNotFoundError as error:
        raise RefusedError(404, f"there is no file '{path}' here") from error
    except OSError as error:
        raise RefusedError(400, f"{path}: cannot be read: {error.strerror or error}") from error


def _encoded(path: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:  # nothing could read that file again
        line = text.count("\n", 0, error.start) + 1
        raise RefusedError(400, f"{path}: line {line} has half a character (a lone surrogate); retype it") from error


def _version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _conflict(path: str, before: bytes | None, version: str | None) -> str:
    if before is None:
        return f"{path}: has been deleted; write it as a new file"
    return f"{path}: {'already exists' if version is None else 'has changed on the disk since it was read'}"
