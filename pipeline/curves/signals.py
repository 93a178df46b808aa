"""Signals: numbers derived from a track, which expressions can use by name."""

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.easings import smooth


@dataclass(frozen=True, kw_only=True)
class Follow:
    """How a signal is derived from a feature.

    Attributes:
        attack, release: the time in seconds in which the signal covers two thirds of a rise, or of a fall.
        normalize: whether the highest value is scaled to 1.
        threshold: values below become 0; it is subtracted from the others, which are scaled up if normalized.
    """

    attack: float = 0.0
    release: float = 0.0
    normalize: bool = True
    threshold: float = 0.0

    def __call__(self, feature: Array, rate: float) -> Array:
        """Derive the signal from a feature with `rate` values per second."""
        values = _followed(feature, self.attack * rate, self.release * rate)
        highest = float(values.max(initial=0.0))
        if self.normalize and highest > 0:
            values = values / highest
        if self.threshold:
            room = 1 - self.threshold if self.normalize else 1.0
            values = np.maximum(values - self.threshold, 0) / room
        return values


def _followed(values: Array, attack: float, release: float) -> Array:
    """Follow the envelope of the values; both times are in samples."""
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
    """A number at every time of a video, from values sampled over a track.

    A frame is shown from its time until the time of the next. At frame i the signal is the average around the middle
    of that interval, weighted by a Hann window two frames long. The windows of all frames add up to one, so every
    value counts once, and changes faster than the frame rate do not alias.

    Attributes:
        values: the samples, `rate` per second; the signal is constant before the first and after the last.
        start: the time in the track, in seconds, at which the video or the shot begins.
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

    def starting_at(self, start: float) -> "Signal":
        """The signal for a part of the video whose own clock begins at `start`."""
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
    """A smooth curve through evenly spaced values that stays within the range of each two neighbours.

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
