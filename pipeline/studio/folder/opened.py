"""A folder whose files can be reached by relative paths, and nothing outside it."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.studio.folder.refused import RefusedError

MOST_FILES = 2_000  # that are listed
DEEPEST = 5  # levels of folders below the opened one that are listed
LONGEST = 1_000  # characters of a path
_SEPARATOR = "/"


@dataclass(frozen=True, kw_only=True)
class OpenedFolder:
    """A folder and what may be reached in it.

    Paths are relative, with `/`. No part of one begins with a dot, and a symbolic link is followed only if it leads to
    a place inside the folder.

    Attributes:
        root: the folder, absolute, with symbolic links followed.
    """

    root: Path

    def file(self, path: str, suffixes: frozenset[str]) -> Path:
        """The regular file at a path.

        Raises:
            RefusedError: the path may not be reached (404, as if there were nothing), or its suffix is not among
                `suffixes`.
        """
        found = self.place(path, suffixes)
        try:
            is_file = stat.S_ISREG(found.stat().st_mode)
        except OSError:
            is_file = False
        if not is_file:
            raise _absent(path)
        return found

    def place(self, path: str, suffixes: frozenset[str]) -> Path:
        """The place of a file at a path, which need not exist; its folder must. Raises `RefusedError` as `file`."""
        found = self._inside(path)
        if found.suffix.lower() not in suffixes:
            raise _absent(path)
        if not self.root.is_dir():
            raise RefusedError(404, "the folder that was opened is gone")
        if not found.parent.is_dir():
            raise _absent(path)
        if found.exists() and not found.is_file():  # a folder, or a pipe, which would be read for ever
            raise _absent(path)
        return found

    def folder(self, path: str) -> Path:
        """The folder at a path. Raises `RefusedError` if it may not be reached or is none."""
        found = self._inside(path)
        if not found.is_dir():
            raise _absent(path)
        return found

    def files(self, suffixes: frozenset[str]) -> Iterator[Path]:
        """Every reachable file with one of these suffixes, sorted by path, at most `MOST_FILES`."""
        count = 0
        for folder, names, files in os.walk(self.root):
            depth = len(Path(folder).relative_to(self.root).parts)
            names[:] = sorted(name for name in names if not name.startswith(".")) if depth < DEEPEST else []
            for name in sorted(files):
                path = Path(folder, name)
                if path.suffix.lower() in suffixes and self._is_reachable(path):
                    yield path
                    count += 1
                    if count == MOST_FILES:
                        return

    def name(self, path: Path) -> str:
        """The relative path of a file in the folder, with `/`."""
        return path.relative_to(self.root).as_posix()

    def _is_reachable(self, path: Path) -> bool:
        try:
            return self.file(self.name(path), frozenset({path.suffix.lower()})).is_file()
        except RefusedError:
            return False

    def _inside(self, path: str) -> Path:
        parts = path.split(_SEPARATOR)
        if (
            not path
            or len(path) > LONGEST
            or not path.isprintable()
            or "\\" in path
            or any(part in ("", ".", "..") or part.startswith(".") for part in parts)
        ):
            raise _absent(path)
        try:
            found = self.root.joinpath(*PurePosixPath(path).parts).resolve()
        except (OSError, RuntimeError, ValueError) as error:  # too long a name, a loop of links
            raise _absent(path) from error
        if not found.is_relative_to(self.root):
            raise _absent(path)
        if any(part.startswith(".") for part in found.relative_to(self.root).parts):
            raise _absent(path)
        return found


def _absent(path: str) -> RefusedError:
    shown = path if len(path) <= 100 else path[:97] + "..."
    return RefusedError(404, f"there is no file '{shown}' here")
