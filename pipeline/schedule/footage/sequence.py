"""Finds the picture files that a pattern such as frames/*.png names, in the order of their numbers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from render.errors import InputError

MAX_FILES = 100_000
EXPECTED = "a pattern of numbered pictures such as frames/*.png or frames/%04d.png"
_LONGEST = 1000  # characters of a pattern
_HOLE = re.compile(r"\*|%(?:0?([0-9]{1,2}))?d")
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, kw_only=True)
class Found:
    """The files of a pattern in the order of their numbers, and what is special about them."""

    paths: tuple[Path, ...]
    remarks: tuple[str, ...]


def is_pattern(written: str) -> bool:
    """Whether the name of a file, after its folder, has a place for a number."""
    return len(written) <= _LONGEST and len(_HOLE.findall(Path(written).name)) == 1


def matcher(name: str) -> re.Pattern[str]:
    """What the names of a pattern's files match; the group is the part that holds the number."""
    hole = _HOLE.search(name)
    assert hole is not None
    part = "(.*)" if hole[0] == "*" else f"([0-9]{{{hole[1] or 1},}})"
    return re.compile(re.escape(name[: hole.start()]) + part + re.escape(name[hole.end() :]))


def find(folder: Path, name: str, written: str) -> Found:
    """Find the files in `folder` whose names match the pattern `name`.

    The number is the last one in the part that `*` stands for.

    Raises:
        InputError: there are none, far too many, or two with the same number.
    """
    numbers: dict[int, Path] = {}
    unnumbered = 0
    for path, part in _matching(folder, matcher(name), written):
        digits = _DIGITS.findall(part)
        if not digits or len(digits[-1]) > 18:
            unnumbered += 1
            continue
        number = int(digits[-1])
        if number in numbers:
            raise InputError(f"'{written}': '{numbers[number].name}' and '{path.name}' have the same number")
        numbers[number] = path
    if not numbers:
        why = "; what matches has no number" if unnumbered else ""
        raise InputError(f"'{written}': no numbered picture in {folder}{why}")
    order = sorted(numbers)
    return Found(paths=tuple(numbers[number] for number in order), remarks=(*_remarks(order, unnumbered),))


def _matching(folder: Path, pattern: re.Pattern[str], written: str) -> Iterator[tuple[Path, str]]:
    try:
        entries = list(islice(folder.iterdir(), MAX_FILES + 1))
    except OSError as error:
        raise InputError(f"'{written}': {folder} cannot be read: {error.strerror or error}") from error
    if len(entries) > MAX_FILES:
        raise InputError(f"'{written}': more than {MAX_FILES:,} files in {folder}")
    for path in entries:
        match = pattern.fullmatch(path.name)
        if match is not None:
            yield path, match[1]


def _remarks(numbers: list[int], unnumbered: int) -> Iterator[str]:
    """Yield what is missing and what is left out."""
    gaps = [(before + 1, after - 1) for before, after in pairwise(numbers) if after > before + 1]
    steps = {after - before for before, after in pairwise(numbers)}
    if gaps and len(steps) > 1:  # numbers that all go up by 10 have no gaps
        first, last = gaps[0]
        which = f"picture {first} is" if first == last else f"pictures {first} to {last} are"
        more = f", and {len(gaps) - 1} more gaps" if len(gaps) > 1 else ""
        yield f"{which} missing{more}: what follows comes earlier"
    if unnumbered:
        are = "file without a number is" if unnumbered == 1 else "files without a number are"
        yield f"{unnumbered} {are} left out"
