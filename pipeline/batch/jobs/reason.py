"""Turn any exception into a message: readers of foreign files may raise anything."""

import traceback
from collections.abc import Sequence
from pathlib import Path

from render.device import failures
from render.errors import RenderError


def reason(error: Exception, file: Path) -> str:
    """Return the message of an error. An unexpected error is a bug of ours: its message also says where it was raised.

    Args:
        file: the job's schedule, for errors that do not name a file.
    """
    if isinstance(error, RenderError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or file}: {error.strerror or error}"
    if (failure := failures.machine_failure(error)) is not None:
        return f"{file}: {failure}"
    place = "".join(f" ({Path(at.filename).name}, line {at.lineno})" for at in _last(error))
    text = " ".join(str(error).split())
    return f"{file}: unexpected {type(error).__name__}{f': {text}' if text else ''}{place}; please report this"


def _last(error: Exception) -> Sequence[traceback.FrameSummary]:
    """Return where an exception was raised; empty if it never was."""
    return traceback.extract_tb(error.__traceback__)[-1:]
