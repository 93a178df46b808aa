"""What a value is read with: the clock of its times, the names of its expressions, and where warnings go."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.beats import Beat
from pipeline.curves.expressions import Expression, Scope
from pipeline.curves.signals import Signal
from pipeline.schedule.document.document import InvalidError, Value

MAX_WARNINGS = 100
MAX_TOKENS = 200_000  # of all expressions, those of their variables included


@dataclass
class Diagnostics:
    """What reading notes about a whole schedule; every clock that is made of another one shares it.

    Attributes:
        warnings: what can be used, but.
        used: the names that expressions asked for.
        num_tokens: of all expressions so far.
    """

    warnings: list[InvalidError] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    num_tokens: int = 0

    def warn(self, value: Value, message: str) -> None:
        """Note a warning: what is at `value` can be used, but."""
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(InvalidError(value, message))

    def count_expression(self, value: Value, size: int) -> None:
        """Note one more expression of so many tokens. Raises `InvalidError` where they are too many to be computed."""
        self.num_tokens += size
        if self.num_tokens > MAX_TOKENS:
            raise InvalidError(value, "the expressions of this schedule, with all that let: adds to them, are too many")


@dataclass(frozen=True, kw_only=True)
class Names:
    """What expressions may name besides times and beats.

    Attributes:
        seed: of random numbers.
        variables: those of `let:`.
        signals: those of `music:`.
        loop: how long the video's end is led into its beginning, in seconds.
    """

    seed: int = 0
    variables: Mapping[str, Expression] = field(default_factory=dict)
    signals: Mapping[str, Signal] = field(default_factory=dict)
    loop: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Clock:
    """What turns frames, percent, `end`, beats and markers into seconds.

    Attributes:
        fps: frames per second.
        length: of the video, or of a shot, in seconds.
        known: False where fps, length or the like could not be read: times are then only placeholders, and nothing
            is checked about their order.
        beat: where beats and bars lie; None without music.
        no_beat: what is wrong with a time in beats where there is no `beat`.
        track: how long the music goes on from the video's start, in seconds.
        markers: names of times, in seconds.
        names: what expressions may name.
        diagnostics: where warnings are noted.
    """

    fps: float
    length: float
    known: bool = True
    beat: Beat | None = None
    no_beat: str = "beats and bars need music: {bpm: 120}"
    track: float | None = None
    markers: Mapping[str, float] = field(default_factory=dict)
    names: Names = Names()
    diagnostics: Diagnostics = field(default_factory=Diagnostics)

    @property
    def frames(self) -> Array:
        """When every frame is shown, in seconds."""
        return np.arange(max(1, round(self.length * self.fps))) / self.fps

    @property
    def scope(self) -> Scope:
        """All that expressions may name, as they are compiled with it."""
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
        """The clock with other `names`."""
        return dataclasses.replace(self, names=dataclasses.replace(self.names, **changes))

    def warn(self, value: Value, message: str) -> None:
        """Note a warning, unless times are only placeholders."""
        if self.known:
            self.diagnostics.warn(value, message)
