"""Easings: how a value moves from one key to the next, as functions of the share of time in [0, 1].

Every easing maps 0 to 0 and 1 to 1; `in_*` starts slowly, `out_*` ends slowly, `in_out_*` does both.
Source: Robert Penner's easing equations as on easings.net.
"""

import functools
import re
from collections.abc import Callable

import numpy as np

from pipeline.curves.array import Array

Easing = Callable[[Array], Array]

_BACK = 1.70158  # overshoots by 10 %


def linear(share: Array) -> Array:
    return share


def hold(share: Array) -> Array:
    """Stay at the previous key's value and jump at the key."""
    return np.where(share < 1, 0.0, 1.0)


def smooth(share: Array) -> Array:
    """Smoothstep: a segment of monotone cubic interpolation with slope 0 at both ends.

    If a segment has neighbours, `Curve` computes the slopes from them instead.
    """
    return share * share * (3 - 2 * share)


def in_sine(share: Array) -> Array:
    return 1 - np.cos(share * np.pi / 2)


def in_quad(share: Array) -> Array:
    return share**2


def in_cubic(share: Array) -> Array:
    return share**3


def in_quart(share: Array) -> Array:
    return share**4


def in_quint(share: Array) -> Array:
    return share**5


def in_expo(share: Array) -> Array:
    return np.where(share <= 0, 0.0, 2.0 ** (10 * share - 10))


def in_circ(share: Array) -> Array:
    return 1 - np.sqrt(np.maximum(0.0, 1 - share**2))


def in_back(share: Array) -> Array:
    return (_BACK + 1) * share**3 - _BACK * share**2


def in_elastic(share: Array) -> Array:
    wave = -(2.0 ** (10 * share - 10)) * np.sin((share * 10 - 10.75) * 2 * np.pi / 3)
    return np.where(share <= 0, 0.0, np.where(share >= 1, 1.0, wave))


def in_bounce(share: Array) -> Array:
    return 1 - _bounce(1 - share)


def _bounce(share: Array) -> Array:
    """Four parabolas, each a smaller bounce than the one before."""
    steps = ((1.0, 0.0, 0.0), (2.0, 1.5, 0.75), (2.5, 2.25, 0.9375), (np.inf, 2.625, 0.984375))
    result = np.zeros_like(share)
    start = 0.0
    for end, middle, height in steps:
        inside = (share >= start / 2.75) & (share < end / 2.75)
        result = np.where(inside, 7.5625 * (share - middle / 2.75) ** 2 + height, result)
        start = end
    return result


def bezier(x1: float, y1: float, x2: float, y2: float) -> Easing:
    """CSS's cubic-bezier from (0, 0) to (1, 1) with two handles; x1 and x2 lie in [0, 1]."""

    def ease(share: Array) -> Array:
        low, high = np.zeros_like(share), np.ones_like(share)
        for _ in range(52):  # x grows with the parameter: bisect to the last bit
            middle = (low + high) / 2
            below = _bezier_axis(x1, x2, middle) < share
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return _bezier_axis(y1, y2, high)

    return ease


def _bezier_axis(first: float, second: float, parameter: Array) -> Array:
    rest = 1 - parameter
    return 3 * rest**2 * parameter * first + 3 * rest * parameter**2 * second + parameter**3


def _out(ease: Easing) -> Easing:
    return lambda share: 1 - ease(1 - share)


def _in_out(ease: Easing) -> Easing:
    def both(share: Array) -> Array:
        first = ease(np.minimum(2 * share, 1.0)) / 2
        second = 1 - ease(np.minimum(2 - 2 * share, 1.0)) / 2
        return np.where(share < 0.5, first, second)

    return both


def _in_out_back(share: Array) -> Array:
    """As on easings.net: it overshoots more than a curve joined from two halves of `in_back` would."""
    swing = _BACK * 1.525
    first = ((2 * share) ** 2 * ((swing + 1) * 2 * share - swing)) / 2
    rest = 2 * share - 2
    second = (rest**2 * ((swing + 1) * rest + swing) + 2) / 2
    return np.where(share < 0.5, first, second)


def _in_out_elastic(share: Array) -> Array:
    """As on easings.net: it swings more slowly than a curve joined from two halves of `in_elastic` would."""
    wave = np.sin((20 * share - 11.125) * 2 * np.pi / 4.5) / 2
    first = -(2.0 ** (20 * share - 10)) * wave
    second = 2.0 ** (-20 * share + 10) * wave + 1
    inside = np.where(share < 0.5, first, second)
    return np.where(share <= 0, 0.0, np.where(share >= 1, 1.0, inside))


_ENTRIES = (in_sine, in_quad, in_cubic, in_quart, in_quint, in_expo, in_circ, in_back, in_elastic, in_bounce)
EASINGS: dict[str, Easing] = {"linear": linear, "hold": hold, "smooth": smooth}
for _entry in _ENTRIES:
    _kind = _entry.__name__.removeprefix("in_")
    EASINGS[f"in_{_kind}"] = _entry
    EASINGS[f"out_{_kind}"] = _out(_entry)
    EASINGS[f"in_out_{_kind}"] = _in_out(_entry)
EASINGS["in_out_back"] = _in_out_back
EASINGS["in_out_elastic"] = _in_out_elastic

_NUMBER = r"\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+))\s*"
_BEZIER = re.compile(rf"bezier\({_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}\)")


@functools.cache
def easing(name: str) -> Easing:
    """Look up the easing called `name`, or `bezier(x1, y1, x2, y2)` with x in [0, 1] and y in [-100, 100].

    Raises:
        KeyError: there is no such easing.
    """
    handles = _BEZIER.fullmatch(name)
    if handles is None:
        return EASINGS[name]
    x1, y1, x2, y2 = map(float, handles.groups())
    if not (0 <= x1 <= 1 and 0 <= x2 <= 1 and max(abs(y1), abs(y2)) <= 100):
        raise KeyError(name)
    return bezier(x1, y1, x2, y2)
