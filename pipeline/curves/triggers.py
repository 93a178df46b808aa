"""Repeated moments, such as every beat or every four bars, and the pulse that starts at each."""

from dataclasses import dataclass

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.beat_grid import Beat

SECONDS = {"s": 1.0, "ms": 0.001}
BEATS = ("beat", "bar")
UNITS = (*SECONDS, *BEATS, *(f"{name}s" for name in BEATS))
MAX_SPAN = 3600.0
MAX_IN_FRAME = 32  # with more pulses in a frame, they look like a constant
RELEASE = 0.15  # seconds in which a pulse falls to one third, like a signal after a hit


@dataclass(frozen=True, kw_only=True)
class Span:
    """A duration as it is written: 4 beats, 2 bars, 1.5s."""

    count: float
    unit: str

    @property
    def in_beats(self) -> bool:
        return self.unit.rstrip("s") in BEATS

    def length(self, beat: Beat | None) -> float:
        """The length, in beats if `in_beats`, otherwise in seconds."""
        if not self.in_beats:
            return self.count * SECONDS[self.unit]
        assert beat is not None
        return self.count * (beat.beats_per_bar if self.unit.startswith("bar") else 1)


@dataclass(frozen=True, kw_only=True)
class Every:
    """The moments `delay`, `delay + span`, ... and the ones before `delay`, counted in beats or in seconds."""

    span: Span
    delay: Span | None = None

    def counts_at(self, times: Array, beat: Beat | None) -> Array:
        """How many moments have passed at `times`, with fractions."""
        clock = beat.beats_at(times) if beat is not None and self.span.in_beats else times
        begun: Array = (clock - self._delay(beat)) / self.span.length(beat)
        return begun

    def times_of(self, numbers: Array, beat: Beat | None) -> Array:
        """The times of the moments `numbers`, in seconds."""
        at = self._delay(beat) + numbers * self.span.length(beat)
        return beat.times_of(at) if beat is not None and self.span.in_beats else at

    def _delay(self, beat: Beat | None) -> float:
        if self.delay is None:
            return 0.0
        delay = self.delay.length(beat)
        if beat is None or self.delay.in_beats == self.span.in_beats:
            return delay
        return delay / beat.seconds if self.span.in_beats else beat.duration(delay)


def every(times: Array, beat: Beat | None, span: Span, delay: Span | None = None) -> Array:
    """A number that is whole at every repeated moment, as `beat` is at every beat."""
    return Every(span=span, delay=delay).counts_at(times, beat)


def pulse_on(times: Array, fps: float, beat: Beat | None, trigger: Every, release: Span | None = None) -> Array:
    """A pulse: 1 at every moment of the trigger, then falling to one third within `release`, until the next moment.

    It is averaged like a signal of the music (`pipeline.curves.signals`), with a Hann window two frames long around
    the middle of the interval in which the frame is shown. Here the average is exact: the integral of the window
    times the pulse has a closed form between two moments.
    """
    middle = np.asarray(times, dtype=np.float64) + 0.5 / fps
    first, end = middle - 1 / fps, middle + 1 / fps
    number = np.floor(trigger.counts_at(first, beat))
    begin = trigger.times_of(number, beat)
    total = np.zeros(middle.shape)
    for _ in range(2 * MAX_IN_FRAME + 3):
        following = trigger.times_of(number + 1, beat)
        rate = 1 / _release_seconds(begin, beat, release)
        low, high = np.maximum(begin, first), np.minimum(following, end)
        part = _pulse_integral(high, begin, middle, rate, fps) - _pulse_integral(low, begin, middle, rate, fps)
        total += np.where(high > low, part, 0.0)
        if (following >= end).all():
            break
        number, begin = number + 1, following
    return total


def _release_seconds(begin: Array, beat: Beat | None, release: Span | None) -> Array:
    """The release in seconds of a pulse that starts at `begin`; beats have the length that they have there."""
    if release is None:
        return np.full(begin.shape, RELEASE)
    length = release.length(beat)
    if beat is None or not release.in_beats:
        return np.full(begin.shape, length)
    lasting: Array = beat.times_of(beat.beats_at(begin) + length) - begin
    return lasting


def _pulse_integral(at: Array, begin: Array, middle: Array, rate: Array, fps: float) -> Array:
    """Evaluate at `at` an antiderivative of exp(-rate (t - begin)) times the window around `middle`."""
    turn = np.pi * fps
    phase = turn * (at - middle)
    wave = (turn * np.sin(phase) - rate * np.cos(phase)) / (rate**2 + turn**2)
    weighed: Array = fps / 2 * np.exp(-rate * (at - begin)) * (wave - 1 / rate)
    return weighed
