"""Why a job cannot be rendered, in words, whatever was raised: a reader of foreign files may come up with anything."""

import traceback
from pathlib import Path

from render import failures
from render.errors import RenderError


def reason(error: Exception, file: Path) -> str:
    """The message of an error of ours or of the machine; of another one, which is a fault of ours, also where it was.

    Args:
        file: the job's schedule, for an error that does not say what it is about.
    """
    if isinstance(error, RenderError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or file}: {error.strerror or error}"
    if (failure := failures.told(error)) is not None:
        return f"{file}: {failure}"
    [at] = traceback.extract_tb(error.__traceback__)[-1:] or [None]
    place = f" ({Path(at.filename).name}, line {at.lineno})" if at else ""
    said = " ".join(str(error).split())
    return f"{file}: unexpected {type(error).__name__}{f': {said}' if said else ''}{place}; please report this"
