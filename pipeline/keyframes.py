"""Numbers over time: times, easings, and the maps of them that make a curve."""

import math
import re
from collections.abc import Callable, Collection
from typing import TypeVar

from pipeline.curves import Curve, Keyframe
from pipeline.document import InvalidError, Value
from pipeline.easings import EASINGS, easing
from pipeline.fields import Clock, Reader, parts, written
from pipeline.quantities import Quantity
from render.errors import suggestion

T = TypeVar("T")

_SECONDS = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)\s*s")
_PERCENT = re.compile(r"\+?([0-9]+\.?[0-9]*|\.[0-9]+)\s*%")
_LATER = re.compile(r"@.+|[0-9.]+\s*(beat|bar)s?")
_TIME_EXPECTED = "a time such as 24 (a frame), 1.5s, 50% or end"


def time(value: Value, clock: Clock) -> float:
    """A time in seconds: a bare integer is a frame; `1.5s`, `50%` of the length, `end`."""
    at = seconds(value, clock, _TIME_EXPECTED)
    if at is None or not math.isfinite(at):
        if _LATER.fullmatch(written(value)):
            raise InvalidError(value, "markers, beats and bars are times that this version cannot read yet")
        raise value.invalid(_TIME_EXPECTED)
    return at


def seconds(value: Value, clock: Clock, expected: str) -> float | None:
    """A time in seconds, not a number where it hangs on a length there is not yet; None if it is no time."""
    scalar = value.scalar(expected)
    if isinstance(scalar, int) and not isinstance(scalar, bool) and scalar >= 0:
        return scalar / clock.fps
    if isinstance(scalar, str):
        if scalar == "end":
            return clock.length
        if match := _SECONDS.fullmatch(scalar):
            return float(match[1])
        if match := _PERCENT.fullmatch(scalar):
            return float(match[1]) / 100 * clock.length
    return None


def ease(value: Value, clock: Clock) -> str:
    """The name of an easing."""
    expected = "the name of an easing such as in_out_sine, see easings.net"
    name = value.scalar(expected)
    if not isinstance(name, str):
        raise value.invalid(expected)
    try:
        easing(name)
    except KeyError:
        hint = suggestion(_snake(name), EASINGS, otherwise=f"expected {expected}")
        if name.startswith("bezier"):
            hint = 'expected "bezier(x1, y1, x2, y2)" in quotes, x1 and x2 from 0 to 1'
        raise InvalidError(value, f"unknown easing '{name}'; {hint}") from None
    return name


def curve(quantity: Quantity) -> Reader:
    """A constant, or a map of times to values or `{to: value, ease: name}`."""

    def read(value: Value, clock: Clock) -> Curve:
        if not value.is_map:
            return Curve.constant(quantity.read(value, clock, f"{quantity.expected} or a map of times"))
        keys = by_time(value, clock, lambda at, entry: _keyframe(at, entry, quantity, clock))
        return Curve(keys=tuple(keys.values())) if keys else Curve.constant(1.0)

    return read


def by_time(
    value: Value, clock: Clock, read: Callable[[float, Value], T], besides: Collection[str] = ()
) -> dict[float, T]:
    """Read a map of times but for the keys in `besides`, in order of time; what is wrong is noted and left out."""
    if not value.node.value:
        raise value.invalid("at least one time")
    found: dict[float, T] = {}
    seen: set[float] = set()
    for name, key, entry in value.pairs("a map of times"):
        if name in besides:
            continue
        with value.problems.collecting():
            at = time(key, clock) if clock.known else float(len(seen))
            if at in seen:
                raise InvalidError(key, f"a second entry at {at:g} s; remove one of the two")
            seen.add(at)
            found[at] = read(at, entry)
    return dict(sorted(found.items()))


def _keyframe(at: float, entry: Value, quantity: Quantity, clock: Clock) -> Keyframe:
    if not entry.is_map:
        return Keyframe(time=at, value=quantity(entry, clock))
    found = parts(entry, {"to": quantity, "ease": ease}, clock)
    return Keyframe(time=at, value=found["to"], easing=found.get("ease", "linear"))


def _snake(name: str) -> str:
    """easings.net's easeInOutSine as in_out_sine."""
    return re.sub(r"(?<!^)(?=[A-Z])|-", "_", name).lower().removeprefix("ease_")
