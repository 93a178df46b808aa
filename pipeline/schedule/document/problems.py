"""Problems in a schedule and their positions: file, line and column, from the YAML node where each was found."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import yaml

from render.errors import Problem, ScheduleError

MAX_PROBLEMS = 20
_ENOUGH = 500  # problems, after which reading stops: such a file is probably not a schedule
_MESSAGE = 1000  # characters


class Place(yaml.Mark):
    """The position of a node in a source other than the main file; `name` is that file, or the option."""


class Located(Protocol):
    """What a problem is about: a node with its position, and its path such as `motion.zoom.5s`."""

    @property
    def node(self) -> yaml.Node: ...

    @property
    def path(self) -> str: ...


class InvalidError(Exception):
    """The value cannot be used; raised while reading, collected by `Problems`."""

    def __init__(self, value: Located, message: str) -> None:
        super().__init__(message)
        self.value, self.message = value, message


@dataclass
class Problems:
    """The problems found in one schedule, each with its file, line and column.

    Attributes:
        file: the schedule's main file, where every value without a `Place` is.
        allow_paths: whether the schedule may name files outside its folder.
    """

    file: str
    found: list[Problem] = field(default_factory=list)
    allow_paths: bool = False

    def add(self, invalid: InvalidError) -> None:
        """Add a problem. Raises `ScheduleError` if there are far too many."""
        mark = invalid.value.node.start_mark
        self.found.append(
            Problem(
                file=mark.name if isinstance(mark, Place) else self.file,
                line=mark.line + 1,
                column=mark.column + 1,
                path=invalid.value.path,
                message=invalid.message if len(invalid.message) <= _MESSAGE else invalid.message[:_MESSAGE] + " ...",
            )
        )
        if len(self.found) == _ENOUGH:
            self.raise_if_any()

    @contextlib.contextmanager
    def collecting(self) -> Iterator[None]:
        """Collect an `InvalidError` of the block and continue after it, so that all problems are reported."""
        try:
            yield
        except InvalidError as invalid:
            self.add(invalid)

    def raise_if_any(self) -> None:
        if self.found:
            ordered = sorted(set(self.found), key=lambda found: (found.file, found.line, found.column, found.message))
            raise ScheduleError(ordered[:MAX_PROBLEMS], more=len(ordered[MAX_PROBLEMS:]))
