"""Signals: what of a track an expression may name, and how it follows it."""

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.easings import smooth


@dataclass(frozen=True, kw_only=True)
class Follow:
    """How a signal is made of a feature.

    Attributes:
        attack, release: seconds in which it covers two thirds of the way up, and down.
        normalize: its highest point becomes 1.
        threshold: what lies below is 0, and the rest begins there.
    """

    attack: float = 0.0
    release: float = 0.0
    normalize: bool = True
    threshold: float = 0.0

    def __call__(self, feature: Array, rate: float) -> Array:
        """The signal of a feature with `rate` values a second."""
        values = _followed(feature, self.attack * rate, self.release * rate)
        highest = float(values.max(initial=0.0))
        if self.normalize and highest > 0:
            values = values / highest
        if self.threshold:
            room = 1 - self.threshold if self.normalize else 1.0
            values = np.maximum(values - self.threshold, 0) / room
        return values


def _followed(values: Array, attack: float, release: float) -> Array:
    """An envelope follower; both times in samples."""
    if not (attack or release):
        return values.copy()
    up, down = (math.exp(-1 / time) if time else 0.0 for time in (attack, release))
    followed, level = [], float(values[0]) if len(values) else 0.0
    for value in values.tolist():
        level = value + (level - value) * (up if value > level else down)
        followed.append(level)
    return np.array(followed)


@dataclass(frozen=True, kw_only=True, eq=False)
class Signal:
    """A number for every moment of a video, out of one for every moment of a track.

    A frame is shown from its time until the next one's, so at frame i the signal is what it is about the
    middle of that: weighted by a Hann window of two frames' length, whose copies at all frames add up to
    one. So nothing between two frames is lost, nothing is counted twice, and what is faster than the frames
    does not come back as something slow.

    Attributes:
        values: `rate` of them a second; the first and the last one hold outside.
        start: where in the track the video, or a shot of it, begins, in seconds.
        fps: frames per second.
    """

    values: Array = field(repr=False)
    rate: float
    fps: float
    start: float = 0.0

    def at(self, times: Array) -> Array:
        """The signal at `times` in seconds of the video, same shape."""
        wanted = np.asarray(times, dtype=np.float64) + (self.start + 0.5 / self.fps)
        last = (len(self.values) - 1) / self.rate
        return np.asarray(self._smooth(np.clip(np.nan_to_num(wanted), 0, last)))

    def from_(self, start: float) -> "Signal":
        """The signal for a part of the video that has a clock of its own from `start` on."""
        return replace(self, start=self.start + start)

    @cached_property
    def _smooth(self) -> "PiecewiseCubic":
        reach = self.rate / self.fps
        taps = np.arange(-math.ceil(reach) + 1, math.ceil(reach))
        window = 1 + np.cos(np.pi * taps / max(reach, 1.0))
        half = len(taps) // 2
        padded = np.pad(self.values, half, mode="edge")
        return PiecewiseCubic(np.convolve(padded, window / window.sum(), "valid"), self.rate)


class PiecewiseCubic:
    """A smooth curve through values that never leaves the range of two neighbours.

    Source: Fritsch and Butland (1984), as in `pipeline.curves.curve`, on a grid.
    """

    def __init__(self, values: Array, rate: float) -> None:
        self._values, self._rate = values, rate
        steps = np.diff(values, prepend=values[:1], append=values[-1:])
        before, after = steps[:-1], steps[1:]
        rising = before * after > 0
        total = np.where(rising, before + after, 1.0)
        self._slopes = np.where(rising, 2 * before * after / total, 0.0)

    def __call__(self, times: Array) -> Array:
        """The values at `times` in seconds, which lie between the first and the last."""
        place = np.asarray(times) * self._rate
        start = np.clip(place.astype(int), 0, max(len(self._values) - 2, 0))
        end = np.minimum(start + 1, len(self._values) - 1)
        share = place - start
        rise = smooth(share)
        low, high = share * (1 - share) ** 2, share * share * (share - 1)
        joined: Array = (
            self._values[start] * (1 - rise)
            + self._values[end] * rise
            + self._slopes[start] * low
            + self._slopes[end] * high
        )
        return joined
