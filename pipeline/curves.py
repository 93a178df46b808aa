"""One animated number: keys in time, eased between, constant outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.easings import Array, easing

# Gauss-Legendre on each piece between keys: exact for polynomials of degree 9.
CORNERS = 44  # holds the middle of in_out_* and every bounce (k/11, and k/22 where it is halved)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)


@dataclass(frozen=True, kw_only=True)
class Keyframe:
    """A value at a time in seconds; the easing belongs to the segment that arrives here."""

    time: float
    value: float
    easing: str = "linear"


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Keyframes in order of time, at least one, no two at one time.

    Between two keys the arriving key's easing leads from value to value; before the first and
    after the last key the curve is constant. Under `smooth` it is the monotone cubic through all
    keys: it never leaves the range of its two neighbours (splines overshoot).

    Source: Fritsch and Butland, "A method for constructing local monotone piecewise cubic
        interpolants" (1984), by scipy's PCHIP. What differs: the curve leaves its first and
        reaches its last key with slope 0, since it is constant outside.
    """

    keys: tuple[Keyframe, ...]

    @staticmethod
    def constant(value: float) -> "Curve":
        return Curve(keys=(Keyframe(time=0.0, value=value),))

    @property
    def is_constant(self) -> bool:
        return len({key.value for key in self.keys}) == 1

    def sample(self, times: Sequence[float] | Array) -> Array:
        """Values at `times` in seconds, same shape."""
        wanted = np.asarray(times, dtype=np.float64)
        key_times = np.array([key.time for key in self.keys])
        values = np.array([key.value for key in self.keys], dtype=np.float64)
        arriving = np.searchsorted(key_times, wanted, side="right")
        result = values[np.clip(arriving - 1, 0, None)]
        for name in {key.easing for key in self.keys[1:]}:
            segments = [number for number, key in enumerate(self.keys) if number and key.easing == name]
            inside = np.isin(arriving, segments)
            end = arriving[inside]
            if name == "smooth":
                result[inside] = self._monotone(key_times, values, wanted[inside])
                continue
            start = end - 1
            share = (wanted[inside] - key_times[start]) / (key_times[end] - key_times[start])
            result[inside] = values[start] + (values[end] - values[start]) * easing(name)(share)
        return result

    def accumulate(self, times: Array, logarithmic: bool = False) -> Array:
        """The integral of the curve (or of its logarithm) from `times[0]` to each of the ascending `times`.

        Exact at any spacing for what the quadrature resolves between keys, so the integral over
        two seconds does not depend on how many frames they hold.
        """
        corners = self._corners()
        edges = np.union1d(times, corners[(corners > times[0]) & (corners < times[-1])])
        half = np.diff(edges)[:, None] / 2
        middle = ((edges[1:] + edges[:-1]) / 2)[:, None]
        values = self.sample(middle + half * _NODES)
        if logarithmic:
            values = np.log(values)
        running = np.concatenate([[0.0], np.cumsum((values * _WEIGHTS * half).sum(axis=1))])
        return running[np.searchsorted(edges, times)]

    def _corners(self) -> Array:
        """The keys, and inside eased segments the places where an easing may have a corner."""
        corners = [np.array([key.time for key in self.keys])]
        for start, end in pairwise(self.keys):
            if end.easing not in ("linear", "hold", "smooth"):
                corners.append(np.linspace(start.time, end.time, CORNERS + 1))
        return np.concatenate(corners)

    def _monotone(self, key_times: Array, values: Array, wanted: Array) -> Array:
        from scipy.interpolate import PchipInterpolator  # half a second, and few schedules need it

        knots = np.concatenate([[key_times[0] - 1], key_times, [key_times[-1] + 1]])
        heights = np.concatenate([values[:1], values, values[-1:]])
        result: Array = PchipInterpolator(knots, heights)(wanted)
        return result
