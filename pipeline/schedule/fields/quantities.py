"""Kinds of numbers: plain ones, shares of the picture, rates of motion.

A `Quantity` describes in words what it expects, so that a curve of it can repeat that in its error messages.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.readers import written
from pipeline.schedule.fields.shapes import Shape, one_of, plain, written_as

_NUMBER = r"([-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
_PERCENT = re.compile(r"([-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))\s*%")
# No two parts match the same characters; otherwise a long text would cause exponential backtracking.
_PERIOD = r"(?:\s*/\s*(s|frame|beat))?"
_RATE = re.compile(rf"{_NUMBER}(?:\s*(%|deg))?{_PERIOD}")
_ZERO = r"[-+]?(?:0+(?:\.0*)?|\.0+)"
_NO_MUSIC = "a rate per beat needs music: {bpm: 120}"


@dataclass(frozen=True)
class Quantity:
    """A kind of number.

    Attributes:
        expected: what is expected, in words.
        convert: converts a literal value; returns None if it is something else.
        complain: returns what is wrong with a value of an expression, "" if nothing is.
        shape: what is accepted as a literal, leaving expressions aside.
        unit: the amount that a value of 1 in an expression stands for.
        per_beat: rewrites a literal rate per beat as an expression, for a changing tempo; "" if it is not one.
    """

    expected: str
    convert: Callable[[Value, Clock], float | None]
    complain: Callable[[float, Clock], str]
    shape: Shape
    unit: float = 1.0
    per_beat: Callable[[Value], str] = lambda value: ""

    @property
    def over_time(self) -> bool:
        return False

    def shown(self, amount: float) -> Any:
        return plain(amount / self.unit)

    def __call__(self, value: Value, clock: Clock) -> float:
        return self.read(value, clock, self.expected)

    def read(self, value: Value, clock: Clock, expected: str) -> float:
        if value.is_map or value.is_list:
            raise value.invalid(expected)
        amount = self.convert(value, clock)
        if amount is None or not math.isfinite(amount):
            raise value.invalid(expected)
        return amount


class Rated(Protocol):
    """What a rate is of; see `render.motion.transforms.Transform` for the attributes."""

    @property
    def unit(self) -> str: ...
    @property
    def example(self) -> str: ...
    @property
    def percent(self) -> bool: ...
    @property
    def multiplicative(self) -> bool: ...


def number(low: float = -math.inf, high: float = math.inf) -> Quantity:
    """A number from `low` to `high`, both included."""
    expected = "a number" + _range(low, high)

    def convert(value: Value, clock: Clock) -> float | None:
        amount = _plain_number(value)
        return amount if amount is not None and low <= amount <= high else None

    def complain(amount: float, clock: Clock) -> str:
        return "" if low <= amount <= high else f"expected {expected}"

    bounds = {name: bound for name, bound in (("minimum", low), ("maximum", high)) if math.isfinite(bound)}
    return Quantity(expected, convert, complain, {"type": "number", **bounds})


def _share(value: Value, clock: Clock) -> float | None:
    percent = _PERCENT.fullmatch(written(value))
    return float(percent[1]) / 100 if percent else _plain_number(value)


_SHARE = "a share such as 0.5 or 50%"
share = Quantity(
    _SHARE, _share, lambda amount, clock: "", one_of({"type": "number"}, written_as(_PERCENT.pattern, _SHARE))
)


def share_from(low: float, high: float) -> Quantity:
    """A share from `low` to `high`, both included."""
    expected = f"{_SHARE}, from {low:.0%} to {high:.0%}"

    def convert(value: Value, clock: Clock) -> float | None:
        amount = _share(value, clock)
        return amount if amount is not None and low <= amount <= high else None

    def complain(amount: float, clock: Clock) -> str:
        return "" if low <= amount <= high else f"expected {expected}"

    text = written_as(_PERCENT.pattern, expected)
    return Quantity(expected, convert, complain, one_of({"type": "number", "minimum": low, "maximum": high}, text))


def rate(transform: Rated) -> Quantity:
    """How fast a transform moves, per second: `1.05/s`, `1.004/frame`, `2%/s`, `90deg/beat`, or a bare number.

    An expression gives the rate per second, in percent if the transform's literal rates are.
    """

    def convert(value: Value, clock: Clock) -> float | None:
        match = _RATE.fullmatch(written(value))
        if match is None or not _is_unit(match[2], float(match[1]), transform):
            return None
        if match[3] == "beat" and clock.beat is None and clock.known:
            raise InvalidError(value, _NO_MUSIC)
        amount = float(match[1])
        periods = {"frame": clock.fps, "beat": clock.beat.bpm / 60 if clock.beat else 1.0}.get(match[3], 1.0)
        if complaint := _too_fast(amount, periods, transform, clock):
            raise InvalidError(value, f"{complaint}, got '{written(value)}'")
        if transform.percent:
            amount /= 100
        if periods == 1.0:
            return amount
        return float(amount**periods) if transform.multiplicative else amount * periods

    def complain(amount: float, clock: Clock) -> str:
        return _too_fast(amount / unit, 1.0, transform, clock)

    def per_beat(value: Value) -> str:
        match = _RATE.fullmatch(written(value))
        if match is None or match[3] != "beat":
            return ""
        return f"({match[1]})**(tempo/60)" if transform.multiplicative else f"({match[1]})*tempo/60"

    unit = 0.01 if transform.percent else 1.0
    kind = "a share such as" if transform.percent else "a number, a rate such as"
    expected = f"{kind} {transform.example}"
    return Quantity(expected, convert, complain, _shape(transform, expected), unit, per_beat)


def _shape(transform: Rated, expected: str) -> Shape:
    """The JSON shape of the literals that `_is_unit` accepts."""
    amount = f"(?:{_NUMBER}\\s*%|{_ZERO})" if transform.percent else _NUMBER
    if not (transform.percent or transform.multiplicative):
        degrees = r"(?:\s*deg)?" if transform.unit.startswith("degrees") else ""
        amount = rf"(?:{_NUMBER}{degrees}|{_ZERO}\s*%)"
    bare = {"const": 0} if transform.percent else {"exclusiveMinimum": 0} if transform.multiplicative else {}
    text = {**written_as(amount + _PERIOD, expected), "examples": [transform.example]}
    return one_of({"type": "number", **bare}, text)


def _is_unit(unit: str | None, amount: float, transform: Rated) -> bool:
    """Whether a literal amount has the unit that the transform is measured in; 0 needs none."""
    if unit == "deg":
        return transform.unit.startswith("degrees")
    if transform.multiplicative and unit:
        return False
    return amount == 0 or (unit == "%") == transform.percent


def _too_fast(amount: float, periods: float, transform: Rated, clock: Clock) -> str:
    """What is wrong with a rate of `amount` per period, `periods` per second, such as too fast; "" if nothing is."""
    if transform.multiplicative and amount <= 0:
        return "must be greater than 0 (1 = no change)"
    size = abs(math.log(amount)) if transform.multiplicative else abs(amount)
    reach, limit = (math.log(10), "a factor of 10") if transform.multiplicative else (1_000_000, "1,000,000")
    return f"is more than {limit} in one frame" if clock.known and size * (periods / clock.fps) > reach else ""


def _plain_number(value: Value) -> float | None:
    scalar = value.scalar("a number")
    return float(scalar) if isinstance(scalar, int | float) and not isinstance(scalar, bool) else None


def _range(low: float, high: float) -> str:
    if low > -math.inf:
        return f" from {low:g} to {high:g}" if high < math.inf else f" of at least {low:g}"
    return f" of at most {high:g}" if high < math.inf else ""
