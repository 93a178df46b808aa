"""One animated number: keyframes with easing between them, constant before the first and after the last."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.easings import easing
from pipeline.curves.expressions import Formula
from pipeline.curves.quadrature import CELL, integrals

# Gauss-Legendre on each piece between keys: exact for polynomials of degree 9.
CORNERS = 44  # splits segments at the middle of in_out_* and at every bounce (k/11, or k/22 for the halved in_out)
_CHUNK = 65_536  # pieces per step, so that a million frames need little memory
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)


@dataclass(frozen=True, kw_only=True)
class Keyframe:
    """A value at a time in seconds; the easing is that of the segment that ends here.

    Attributes:
        formula: the value at other times, if it is an expression; `value` is then its value at `time`.
    """

    time: float
    value: float
    easing: str = "linear"
    formula: Formula | None = None

    def at(self, times: Array) -> Array:
        """The values of this key at `times`; a segment blends them with those of the neighbouring key."""
        return np.full(times.shape, self.value) if self.formula is None else self.formula.at(times)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A curve through keyframes: at least one, in ascending order of time, no two at the same time.

    Between two keys, the curve follows the easing of the second one; before the first and after the
    last key it is constant. With `smooth` it is the monotone cubic through all keys, which stays
    within the range of the two neighbouring keys (splines overshoot).

    Source: Fritsch and Butland, "A method for constructing local monotone piecewise cubic
        interpolants" (1984), implemented by scipy's PCHIP. What differs: the slope at the first and
        the last key is 0, since the curve is constant outside.

    If a key is a formula, a segment blends the values of its two keys at each time according to the
    easing (`smooth` is smoothstep), and the first and the last formula continue outside.
    """

    keys: tuple[Keyframe, ...]

    @staticmethod
    def constant(value: float) -> "Curve":
        return Curve(keys=(Keyframe(time=0.0, value=value),))

    @property
    def is_constant(self) -> bool:
        return len({key.value for key in self.keys}) == 1 and not self.has_formula

    @property
    def has_formula(self) -> bool:
        return any(key.formula is not None for key in self.keys)

    def mapped(self, step: Callable[[Array], Array]) -> "Curve":
        """A curve with the same keys, with `step` applied to the values of each."""
        return Curve(
            keys=tuple(
                replace(
                    key,
                    value=float(step(np.array(key.value))),
                    formula=key.formula.with_step(step) if key.formula else None,
                )
                for key in self.keys
            )
        )

    def sample(self, times: Sequence[float] | Array) -> Array:
        """Values at `times` in seconds, same shape."""
        wanted = np.asarray(times, dtype=np.float64)
        if self.has_formula:
            return self._blended(wanted.ravel()).reshape(wanted.shape)
        key_times = np.array([key.time for key in self.keys])
        values = np.array([key.value for key in self.keys], dtype=np.float64)
        arriving = np.searchsorted(key_times, wanted, side="right")
        result = values[np.clip(arriving - 1, 0, None)]
        by_easing: dict[str, list[int]] = {}
        for number, key in enumerate(self.keys[1:], start=1):
            by_easing.setdefault(key.easing, []).append(number)
        for name, segments in by_easing.items():
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
        """Integrate the curve (or its logarithm) from `times[0]` to each of the ascending `times`.

        The result does not depend on the spacing of `times`, so two seconds have the same integral at every
        frame rate. See `integrals` for the accuracy with formulas.
        """
        corners = self._corners()
        if self.has_formula:
            corners = np.union1d(corners, np.arange(times[0], times[-1], CELL))
        edges = np.union1d(times, corners[(corners > times[0]) & (corners < times[-1])])
        if self.has_formula:
            parts = [np.zeros(1)]
            for begin in range(0, len(edges) - 1, _CHUNK):
                some = edges[begin : begin + _CHUNK + 1]
                parts.append(integrals(lambda at: self._logarithm(at) if logarithmic else self.sample(at), some))
            return np.cumsum(np.concatenate(parts))[np.searchsorted(edges, times)]
        half = np.diff(edges)[:, None] / 2
        middle = ((edges[1:] + edges[:-1]) / 2)[:, None]
        pieces = [np.zeros(1)]
        for begin in range(0, len(half), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            values = self.sample(middle[part] + half[part] * _NODES)
            if logarithmic:
                values = np.log(values)
            pieces.append((values * _WEIGHTS * half[part]).sum(axis=1))
        return np.cumsum(np.concatenate(pieces))[np.searchsorted(edges, times)]

    def _logarithm(self, times: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(self.sample(times))

    def _blended(self, wanted: Array) -> Array:
        """Values at the one-dimensional `wanted`, computed segment by segment."""
        if len(self.keys) == 1:
            return self.keys[0].at(wanted)
        arriving = np.searchsorted(np.array([key.time for key in self.keys]), wanted, side="right")
        order = np.argsort(arriving, kind="stable")
        starts = np.flatnonzero(np.diff(arriving[order])) + 1
        result = np.empty_like(wanted)
        for inside in np.split(order, starts):
            if len(inside):
                result[inside] = self._segment(int(arriving[inside[0]]), wanted[inside])
        return result

    def _segment(self, number: int, times: Array) -> Array:
        """Values between key `number` - 1 and key `number`, or before the first or after the last."""
        start = self.keys[max(0, number - 1)]
        if number in (0, len(self.keys)) or self.keys[number].easing == "hold":
            return start.at(times)
        end = self.keys[number]
        share = easing(end.easing)((times - start.time) / (end.time - start.time))
        before = start.at(times)
        return before + (end.at(times) - before) * share

    def _corners(self) -> Array:
        """The times of the keys, and the times inside eased segments where an easing may have a corner."""
        corners = [np.array([key.time for key in self.keys])]
        for start, end in pairwise(self.keys):
            if end.easing not in ("linear", "hold", "smooth"):
                corners.append(np.linspace(start.time, end.time, CORNERS + 1))
        return np.concatenate(corners)

    def _monotone(self, key_times: Array, values: Array, wanted: Array) -> Array:
        from scipy.interpolate import PchipInterpolator  # slow to import (half a second), and few schedules need it

        knots = np.concatenate([[key_times[0] - 1], key_times, [key_times[-1] + 1]])
        heights = np.concatenate([values[:1], values, values[-1:]])
        result: Array = PchipInterpolator(knots, heights)(wanted)
        return result
