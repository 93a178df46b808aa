"""Numbered pictures of a folder, in the order of their numbers."""

import fnmatch
import re
from pathlib import Path

from render.errors import InputError


def numbered(folder: Path, pattern: str) -> list[Path]:
    """List the files of a folder that match a pattern, by their numbers: 2 before 10.

    Args:
        pattern: such as frames/*.png, relative to the folder; `*`, `?` and `[...]` in the file's name only.

    Raises:
        InputError: there is none, or their sizes differ.
    """
    *parents, name = Path(pattern).parts
    place = folder.joinpath(*parents)
    if not place.is_dir():
        raise InputError(f"{pattern}: no such folder: {place}")
    found = [path for path in place.iterdir() if fnmatch.fnmatchcase(path.name, name) and path.is_file()]
    if not found:
        raise InputError(f"{pattern}: no file in {place} matches")
    return sorted(found, key=lambda path: _natural(path.name))


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name))
