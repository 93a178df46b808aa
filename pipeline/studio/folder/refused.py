"""The errors of a request, each with the HTTP status that it has."""

from collections.abc import Sequence
from typing import Any


class RefusedError(Exception):
    """A request that cannot be granted; its text is one sentence for people.

    Attributes:
        status: the HTTP status: 400 for bad input, 404, 409, 413, ...
        problems: those of a schedule, each with its place, as `pipeline.studio.text.check` describes them.
    """

    def __init__(self, status: int, message: str, problems: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.problems = tuple(problems)
