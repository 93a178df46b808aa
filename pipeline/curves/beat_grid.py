"""Convert between seconds and beats of the music: beats are evenly spaced, or the tempo changes."""

from dataclasses import dataclass, replace

import numpy as np

from pipeline.curves.array import Array

_TOLERANCE = 1e-6  # seconds by which a beat may precede the start of a shot and still count as its first


@dataclass(frozen=True, kw_only=True)
class Beat:
    """Evenly spaced beats: `bpm` per minute, the first one at `offset` seconds."""

    bpm: float
    beats_per_bar: int = 4
    offset: float = 0.0

    @property
    def seconds(self) -> float:
        """The mean length of a beat in seconds."""
        return 60 / self.bpm

    def beats_at(self, times: Array) -> Array:
        """The position of `times` counted in beats, with fractions; negative before the first beat."""
        return (times - self.offset) / self.seconds

    def times_of(self, numbers: Array) -> Array:
        """The times in seconds of the beats `numbers`; the inverse of `beats_at`."""
        return self.offset + numbers * self.seconds

    def tempo(self, times: Array) -> Array:
        """The beats per minute at `times`."""
        return np.full(np.shape(times), self.bpm)

    def duration(self, beats: float) -> float:
        """The duration in seconds of `beats` beats that start at beat 0."""
        return beats * self.seconds

    def after(self, time: float, beats: float) -> float:
        """The time in seconds that is `beats` beats after `time`, or before it if `beats` is negative."""
        return time + beats * self.seconds

    def starting_at(self, start: float) -> "Beat":
        """The same beats on a clock that begins at `start`, counted from the first beat there."""
        late = (self.offset - start) % self.seconds
        return replace(self, offset=0.0 if self.seconds - late < _TOLERANCE else late)


@dataclass(frozen=True, kw_only=True)
class BeatGrid(Beat):
    """Beats with a changing tempo: interpolated linearly between knots, and extrapolated beyond them.

    Attributes:
        knots: (second, beat) pairs, at least two, both ascending.
    """

    knots: tuple[tuple[float, float], ...]

    @staticmethod
    def of(knots: list[tuple[float, float]], beats_per_bar: int) -> "BeatGrid":
        """Create the grid through the knots; its `bpm` is the mean tempo."""
        (first, begin), (last, end) = knots[0], knots[-1]
        bpm = 60 * (end - begin) / (last - first)
        grid = BeatGrid(bpm=bpm, beats_per_bar=beats_per_bar, knots=tuple(knots))
        return replace(grid, offset=float(grid.times_of(np.array(0.0))))

    def beats_at(self, times: Array) -> Array:
        seconds, beats = np.array(self.knots).T
        return _along(times, seconds, beats)

    def times_of(self, numbers: Array) -> Array:
        seconds, beats = np.array(self.knots).T
        return _along(numbers, beats, seconds)

    def tempo(self, times: Array) -> Array:
        seconds, beats = np.array(self.knots).T
        start = np.clip(np.searchsorted(seconds, times, side="right"), 1, len(seconds) - 1) - 1
        tempos: Array = 60 * np.diff(beats) / np.diff(seconds)
        return tempos[start]

    def duration(self, beats: float) -> float:
        return self.after(self.offset, beats) - self.offset

    def after(self, time: float, beats: float) -> float:
        return float(self.times_of(self.beats_at(np.array(time)) + beats))

    def starting_at(self, start: float) -> "Beat":
        number = float(self.beats_at(np.array(start)))
        late = self.after(start, np.ceil(number) - number) - start
        passed = (
            np.floor(number) if self.after(start, np.floor(number) - number) > start - _TOLERANCE else np.ceil(number)
        )
        knots = tuple((second - start, beat - float(passed)) for second, beat in self.knots)
        return replace(self, knots=knots, offset=0.0 if passed < number else late)


def _along(wanted: Array, given: Array, found: Array) -> Array:
    """Interpolate `found`, given at `given`, linearly at `wanted`; extrapolate beyond the ends."""
    end = np.clip(np.searchsorted(given, wanted, side="right"), 1, len(given) - 1)
    start = end - 1
    share = (wanted - given[start]) / (given[end] - given[start])
    along: Array = found[start] + share * (found[end] - found[start])
    return along
