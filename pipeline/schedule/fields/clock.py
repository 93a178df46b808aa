"""The clock that a value is read by: times, names of expressions, and the warnings that come up."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.beats import Beat
from pipeline.curves.expressions import Expression, Scope
from pipeline.curves.signals import Signal
from pipeline.schedule.document.document import InvalidError, Value


@dataclass(frozen=True, kw_only=True)
class Clock:
    """What turns frames, percent, `end`, beats and markers into seconds, and what expressions may name.

    `known` is False where fps, length or the like could not be read: times are then only
    placeholders, and nothing is said of how they lie to each other. `used` are the names that
    expressions asked for so far, `sizes` how long these are, added up, `remarks` the warnings; every clock
    made of this one adds to them. `no_beat` is what is wrong with
    a time in beats where there is no `beat`. `track` is how long the music goes on from the
    video's start, and `loop` how long its end is led into its beginning, in seconds.
    """

    fps: float
    length: float
    known: bool = True
    beat: Beat | None = None
    signals: Mapping[str, Signal] = dataclasses.field(default_factory=dict)
    track: float | None = None
    loop: float = 0.0
    markers: Mapping[str, float] = dataclasses.field(default_factory=dict)
    seed: int = 0
    variables: Mapping[str, Expression] = dataclasses.field(default_factory=dict)
    used: set[str] = dataclasses.field(default_factory=set)
    sizes: list[int] = dataclasses.field(default_factory=list)
    remarks: list[InvalidError] = dataclasses.field(default_factory=list)
    no_beat: str = "beats and bars need music: {bpm: 120}"

    @property
    def frames(self) -> Array:
        """When every frame is shown, in seconds."""
        return np.arange(max(1, round(self.length * self.fps))) / self.fps

    def count_expression(self, value: Value, size: int) -> None:
        """Note one more expression of so many tokens. Raises `InvalidError` where they are too many to be computed."""
        self.sizes.append(size + (self.sizes[-1] if self.sizes else 0))
        if self.sizes[-1] > MAX_TOKENS:
            raise InvalidError(value, "the expressions of this schedule, with all that let: adds to them, are too many")

    def remark(self, value: Value, message: str) -> None:
        """Note a warning: what is at `value` can be used, but."""
        if self.known and len(self.remarks) < MAX_REMARKS:
            self.remarks.append(InvalidError(value, message))

    @property
    def scope(self) -> Scope:
        """The names of expressions."""
        beat = self.beat if self.known else Beat(bpm=60)
        return Scope(
            fps=self.fps,
            duration=self.length,
            seed=self.seed,
            beat=beat,
            variables=self.variables,
            signals=self.signals,
            loop=self.loop,
        )


MAX_REMARKS = 100


MAX_TOKENS = 200_000  # of all expressions, those of their variables included
