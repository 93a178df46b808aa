"""Which part of its footage every shot plays: a clip that is written at the top goes on from shot to shot."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from pipeline.schedule.footage.clip import Numbers
from pipeline.schedule.footage.playing import Playing
from pipeline.schedule.footage.source import Source
from pipeline.schedule.sections.motion_flow import ClipMotion
from pipeline.schedule.sections.shots import Shot


@dataclass(frozen=True, kw_only=True)
class Played:
    """The footage of one shot.

    Attributes:
        number: of the shot.
        frames: the numbers of its frames.
        times: of these, in seconds since the shot's start.
        passed: how much of the clip was played before, in seconds of it.
    """

    part: Source | ClipMotion
    number: int
    frames: NDArray[np.intp]
    times: Array
    passed: float = 0.0

    @property
    def numbers(self) -> Numbers | None:
        """The numbers of the clip's pictures in these frames; None for a still."""
        shows = self.part.shows
        if not isinstance(shows, Playing):
            return None
        return shows.numbers(self.passed + shows.played(self.times)) if len(self.times) else np.zeros(0, np.int64)

    @property
    def over_at(self) -> float | None:
        """The first time in the shot at which nothing of the clip is left; None if it lasts, or goes on by itself."""
        shows = self.part.shows
        if not isinstance(shows, Playing) or shows.end != "hold" or not len(self.times):
            return None
        return shows.over_at(self.times, self.passed)


def played_in(
    shots: Sequence[Shot], parts: Sequence[Source | ClipMotion | None], times: Array, numbers: NDArray[np.intp]
) -> list[Played]:
    """The footage of all shots that have some.

    Args:
        parts: the footage of each shot.
        times: of all frames, in seconds.
        numbers: of the frames' shots.
    """
    found: list[Played] = []
    before: Playing | None = None
    passed = 0.0
    for number, (shot, part) in enumerate(zip(shots, parts, strict=True)):
        shows = None if part is None else part.shows
        own = shows if isinstance(shows, Playing) else None
        goes_on = own is not None and own.goes_on and before is not None and before.clip == own.clip
        passed = passed if goes_on else 0.0
        if part is not None:
            frames = np.flatnonzero(numbers == number)
            found.append(
                Played(part=part, number=number, frames=frames, times=times[frames] - shot.start, passed=passed)
            )
        if own is not None and number + 1 < len(shots):
            passed += float(own.played(np.array([shots[number + 1].start - shot.start]))[0])
        before = own
    return found
