"""What folders and files are called that are made of a name somebody chose: always one name below the folder meant.

A name that is fine is taken as it is. All others are changed the same way every time, so that the same command finds
its folder again, and two different names never become one.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

LONGEST = 200  # bytes of UTF-8; file systems take 255, and suffixes and temporary names come on top
DRAFT = "-draft"
_SHOWN = 40  # characters of a value
_TAG = 8  # hexadecimal digits of a digest
_UNSAFE = re.compile(r'[/\\:*?"<>|]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def safe(name: str, longest: int = LONGEST) -> str:
    """One path component made of `name`; `name` itself where that is one already.

    Never empty, `.`, `..` or hidden, without separators, control characters and what other systems refuse, and at most
    `longest` bytes. A name that had to be changed ends with a digest of what it was.
    """
    shown = "".join(char if char.isprintable() and not _UNSAFE.match(char) else "-" for char in name)
    shown = shown.lstrip(".").strip() or "untitled"
    if _DEVICE.fullmatch(shown):
        shown = f"_{shown}"
    if shown == name and len(name.encode()) <= longest:
        return name
    tag = "-" + hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:_TAG]
    cut = shown.encode(errors="replace")[: longest - len(tag)].decode(errors="ignore").rstrip()
    return cut + tag


def stem_of(file: Path) -> str:
    """A file's name without its suffix, for what is made of it."""
    return safe(file.stem)


def run_name(file: Path, draft: bool = False, overrides: Sequence[tuple[str, str]] = ()) -> str:
    """The folder that a schedule is rendered to.

    A draft has its own, and so has a trial, which is named after what `--set` changed: neither ever takes the place of
    finished frames.
    """
    changed = ",".join(f"{path}={_short(value)}" for path, value in overrides)
    return safe(f"{stem_of(file)}{DRAFT if draft else ''}{'-' + changed if changed else ''}")


def base_of(folder: Path, file: Path, draft: bool, overrides: Sequence[tuple[str, str]]) -> Path | None:
    """The folder of the same schedule without `--set`, if `folder` is that of a trial, or of one of its variants."""
    plain = run_name(file, draft)
    for count in range(1, len(overrides) + 1):  # those of a variant come after those of the command line
        trial = run_name(file, draft, overrides[:count])
        if folder.name == trial:
            return folder.with_name(plain)
        if folder.parent.name == trial:
            return folder.parent.with_name(plain) / folder.name
    return None


def _short(value: str) -> str:
    """A value, or the beginning of one and a digest of all of it."""
    plain = len(value) <= _SHOWN and not {",", "="} & set(value)  # which stand between settings
    return value if plain else f"{value[:_SHOWN]}-{hashlib.sha256(value.encode()).hexdigest()[:_TAG]}"
