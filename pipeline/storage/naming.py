"""Make names of folders and files from names that users choose: always one safe path component.

A safe name is used unchanged. Any other is always changed in the same way, so that the same command finds its
folder again, and different names never become the same one.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

LONGEST = 200  # bytes of UTF-8; file systems allow 255, and suffixes and temporary names are added
DRAFT = "-draft"
_SHOWN = 40  # characters of a value
_TAG = 8  # hexadecimal digits of a digest
_UNSAFE = re.compile(r'[/\\:*?"<>|]')
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def safe(name: str, longest: int = LONGEST) -> str:
    """Return `name` if it is a safe path component, else a safe one made from it.

    It is never empty, `.`, `..` or hidden, has no separators, control characters or characters that other systems
    refuse, and at most `longest` bytes. A name that had to be changed ends with a digest of the original.
    """
    shown = "".join(char if char.isprintable() and not _UNSAFE.match(char) else "-" for char in name)
    shown = shown.lstrip(".").rstrip(". ").strip() or "untitled"  # Windows drops dots and spaces at the end
    if _DEVICE.fullmatch(shown):
        shown = f"_{shown}"
    if shown == name and len(name.encode()) <= longest:
        return name
    tag = "-" + hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:_TAG]
    cut = shown.encode(errors="replace")[: longest - len(tag)].decode(errors="ignore").rstrip()
    return cut + tag


def stem_of(file: Path) -> str:
    """Return a file's name without its suffix, to name what is made from it."""
    return safe(file.stem)


def run_name(file: Path, draft: bool = False, overrides: Sequence[tuple[str, str]] = ()) -> str:
    """Return the name of the folder to which a schedule is rendered.

    A draft has its own folder. So does a trial, named after what `--set` changed. Neither ever replaces
    finished frames.
    """
    changed = ",".join(f"{path}={_short(value)}" for path, value in overrides)
    return safe(f"{stem_of(file)}{DRAFT if draft else ''}{'-' + changed if changed else ''}")


def base_of(folder: Path, file: Path, draft: bool, overrides: Sequence[tuple[str, str]]) -> Path | None:
    """Return the folder of the same schedule without `--set`; None unless `folder` is a trial's or its variant's."""
    plain = run_name(file, draft)
    for count in range(1, len(overrides) + 1):  # a variant's overrides follow those of the command line
        trial = run_name(file, draft, overrides[:count])
        if folder.name == trial:
            return folder.with_name(plain)
        if folder.parent.name == trial:
            return folder.parent.with_name(plain) / folder.name
    return None


def _short(value: str) -> str:
    """Return a short value as it is, a long one as its beginning and a digest of the whole."""
    plain = len(value) <= _SHOWN and not {",", "="} & set(value)  # these separate settings
    return value if plain else f"{value[:_SHOWN]}-{hashlib.sha256(value.encode()).hexdigest()[:_TAG]}"
