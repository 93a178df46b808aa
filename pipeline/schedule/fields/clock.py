"""The context in which values are read: the clock for times, the names for expressions, and where warnings go."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.beat_grid import Beat
from pipeline.curves.expressions import Expression, Scope
from pipeline.curves.signals import Signal
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError

MAX_WARNINGS = 100
MAX_TOKENS = 200_000  # of all expressions, including those of their variables


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What was read at a place, by which clock; `quantity` is what a curve's numbers are, None for anything else."""

    value: Value
    clock: "Clock"
    result: Any
    quantity: Any = None


@dataclass
class Diagnostics:
    """What reading collects about a whole schedule; shared by every clock that is derived from another one.

    Attributes:
        warnings: values that are valid, but questionable.
        used: the names that expressions refer to.
        num_tokens: of all expressions so far.
        noted: what was read where, for those who edit the text; None if nobody asks for it.
    """

    warnings: list[InvalidError] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    num_tokens: int = 0
    noted: list[Noted] | None = None

    def warn(self, value: Value, message: str) -> None:
        """Add a warning: what is at `value` is valid, but questionable."""
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(InvalidError(value, message))

    def count_expression(self, value: Value, size: int) -> None:
        """Count one more expression of `size` tokens. Raises `InvalidError` if there are too many to compute."""
        self.num_tokens += size
        if self.num_tokens > MAX_TOKENS:
            raise InvalidError(
                value, "the schedule has too many expressions, counting the let: variables that they use"
            )


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names that expressions may use besides times and beats.

    Attributes:
        seed: of random numbers.
        variables: those of `let:`.
        signals: those of `music:`.
        loop: for how long the video's end is blended into its beginning, in seconds.
    """

    seed: int = 0
    variables: Mapping[str, Expression] = field(default_factory=dict)
    signals: Mapping[str, Signal] = field(default_factory=dict)
    loop: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Converts frames, percent, `end`, beats and markers to seconds.

    Attributes:
        fps: frames per second.
        length: of the video, or of a shot, in seconds.
        known: False if fps, length or the like could not be read: times are then only placeholders, and their order is
            not checked.
        beat: where beats and bars lie; None without music.
        no_beat: the error message for a time in beats if there is no `beat`.
        track: how long the music continues after the video's start, in seconds.
        clip: how long the source's clip plays, in seconds; None unless `output.length` is `source`, and can be told.
        markers: times by name, in seconds.
        names: the names that expressions may use.
        start: when the shot begins whose clock this is, in seconds of the video.
        diagnostics: where warnings are collected.
    """

    fps: float
    length: float
    known: bool = True
    beat: Beat | None = None
    no_beat: str = "beats and bars need music: {bpm: 120}"
    track: float | None = None
    clip: float | None = None
    markers: Mapping[str, float] = field(default_factory=dict)
    names: Names = Names()
    start: float = 0.0
    diagnostics: Diagnostics = field(default_factory=Diagnostics)

    @property
    def frames(self) -> Array:
        """The time of every frame, in seconds."""
        return np.arange(max(1, round(self.length * self.fps))) / self.fps

    @property
    def scope(self) -> Scope:
        """The scope that expressions are compiled in: every name that they may use."""
        return Scope(
            fps=self.fps,
            duration=self.length,
            seed=self.names.seed,
            beat=self.beat if self.known else Beat(bpm=60),
            variables=self.names.variables,
            signals=self.names.signals,
            loop=self.names.loop,
        )

    def with_names(self, **changes: Any) -> "Clock":
        """A copy of the clock with changed `names`."""
        return dataclasses.replace(self, names=dataclasses.replace(self.names, **changes))

    def warn(self, value: Value, message: str) -> None:
        """Add a warning, unless times are only placeholders."""
        if self.known:
            self.diagnostics.warn(value, message)

    def note(self, value: Value, result: Any, quantity: Any = None) -> None:
        """Note what was read at `value`, if somebody asks for that."""
        if self.diagnostics.noted is not None:
            self.diagnostics.noted.append(Noted(value=value, clock=self, result=result, quantity=quantity))
