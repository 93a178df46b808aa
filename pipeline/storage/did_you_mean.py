"""Explain why files cannot be read, and suggest the one that may be meant."""

import difflib
from itertools import islice
from pathlib import Path

SUFFIXES = (".yaml", ".yml")  # of schedules
_MOST_NAMES = 10_000  # of one folder


def unreadable(path: Path, error: OSError) -> str:
    """Say why a file cannot be read; if it does not exist, also suggest the one that may be meant."""
    why = f"cannot be read: {error.strerror or error}"
    return why + did_you_mean(path) if isinstance(error, FileNotFoundError) else why


def did_you_mean(path: Path) -> str:
    """Return the end of a message that `path` does not exist: the similar file in its folder, or ""."""
    near = _near(path)
    return "" if near is None else f"; did you mean '{near}'?"


def _near(path: Path) -> Path | None:
    """Return the file of the same kind in the same folder whose name is the most similar.

    Only stems are compared: a common suffix would make every name look close.
    """
    suffixes = {path.suffix, *(SUFFIXES if path.suffix in ("", *SUFFIXES) else ())}
    try:
        names = [entry.name for entry in islice(path.parent.iterdir(), _MOST_NAMES) if entry.suffix in suffixes]
    except OSError:
        return None
    stems = {Path(name).stem.casefold(): name for name in sorted(names)}
    close = difflib.get_close_matches(path.stem.casefold(), stems, n=1)
    return path.with_name(stems[close[0]]) if close else None
