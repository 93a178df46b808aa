"""Reads a schedule for a request: what is wrong with it is the answer."""

from pathlib import Path

from pipeline.schedule.schedule import Schedule
from pipeline.studio.folder.refused import RefusedError
from pipeline.studio.text.check import problems
from pipeline.studio.text.opened import opened
from render.errors import InputError


def read(text: str, file: Path) -> Schedule:
    """The schedule of a text as if it were the content of `file`. Raises `RefusedError` with its problems."""
    try:
        return opened(text, file).schedule
    except InputError as error:
        raise refusal(text, file) from error


def refusal(text: str, file: Path) -> RefusedError:
    """The refusal of a text that is not valid, with its problems."""
    return RefusedError(400, "the schedule has problems", problems(text, file.name, file.parent).problems)
