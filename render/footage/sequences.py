"""Numbered pictures of a folder as footage, in the order of their numbers. No torch here."""

import fnmatch
import itertools
import re
from pathlib import Path

from render.errors import InputError

MAX_PICTURES = 100_000
_MAX_ENTRIES = 1_000_000  # of the folder

_Name = tuple[tuple[int, str], ...]


def numbered(folder: Path, pattern: str) -> list[Path]:
    """List the pictures that match a pattern, in the order of their numbers (2 before 10), with their headers checked.

    Args:
        folder: what the pattern is relative to.
        pattern: such as frames/*.png; `*`, `?` and `[...]` stand for parts of the file's name, not of its folder.
            Names that begin with a dot are left out.

    Raises:
        InputError: none matches; there are more than 100,000; two have the same number; one is no picture that can be
            read (see `render.files.images.require_image`), or they differ in size.
    """
    *parents, name = Path(pattern).parts or ("",)
    place = folder.joinpath(*parents)
    if any(character in part for part in parents for character in "*?["):
        raise InputError(f"{pattern}: expected * only in the file's name, not in its folder's")
    if not place.is_dir():
        raise InputError(f"{pattern}: no such folder: {place}")
    found = _matching(place, name, pattern)
    _require_alike(found, pattern)
    return found


def _matching(place: Path, name: str, pattern: str) -> list[Path]:
    entries = itertools.islice(place.iterdir(), _MAX_ENTRIES)
    names = (path for path in entries if path.name[0] != "." and fnmatch.fnmatchcase(path.name, name))
    found = sorted(itertools.islice(names, MAX_PICTURES + 1), key=_natural)
    if not found:
        raise InputError(f"{pattern}: no file in {place} matches")
    if len(found) > MAX_PICTURES:
        raise InputError(f"{pattern}: expected at most {MAX_PICTURES:,} pictures")
    for one, other in itertools.pairwise(found):
        if _natural(one) == _natural(other):
            raise InputError(f"{pattern}: {one.name} and {other.name} have the same number")
    return found


def _require_alike(found: list[Path], pattern: str) -> None:
    from render.files.images import image_size  # imports Pillow, only if there are pictures

    first = image_size(found[0])
    for path in found[1:]:
        if (size := image_size(path)) != first:
            raise InputError(
                f"{pattern}: expected pictures of one size: {found[0].name} has {first[0]} × {first[1]} pixels, "
                f"{path.name} {size[0]} × {size[1]}"
            )


def _natural(path: Path) -> _Name:
    parts = re.split(r"([0-9]{1,15})", path.name)
    return tuple((int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in parts)
