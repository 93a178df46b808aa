"""Explain why a file cannot be read, and suggest the one that was probably meant."""

import difflib
from itertools import islice
from pathlib import Path, PurePosixPath

SUFFIXES = (".yaml", ".yml")  # of schedules
_MAX_NAMES = 10_000  # in one folder


def unreadable(path: Path, error: OSError) -> str:
    """Say why a file cannot be read; if it does not exist, also suggest the one that was probably meant."""
    why = f"cannot be read: {error.strerror or error}"
    return why + did_you_mean(path) if isinstance(error, FileNotFoundError) else why


def did_you_mean(path: Path, written: str | None = None) -> str:
    """Return the end of a message that `path` does not exist: a similar file in its folder; "" if there is none.

    Args:
        written: the path as its file writes it, relative to a folder; the similar one is shown likewise.
    """
    near = _near(path)
    if near is None:
        return ""
    beside = None if written is None else PurePosixPath(written)
    shown = beside.with_name(near.name) if beside is not None and beside.name else near
    return f"; did you mean '{shown}'?"


def _near(path: Path) -> Path | None:
    """Return the file of the same type in the same folder with the most similar name; None if none is similar.

    Only stems are compared: a shared suffix would make all names look similar.
    """
    suffixes = {path.suffix, *(SUFFIXES if path.suffix in ("", *SUFFIXES) else ())}
    try:
        names = [entry.name for entry in islice(path.parent.iterdir(), _MAX_NAMES) if entry.suffix in suffixes]
    except OSError:
        return None
    stems = {Path(name).stem.casefold(): name for name in sorted(names)}
    close = difflib.get_close_matches(path.stem.casefold(), stems, n=1)
    return path.with_name(stems[close[0]]) if close else None
