"""Kinds of numbers: plain ones, shares of the picture, rates of motion.

A `Quantity` says in words what it expects, so that a curve of it can say so, too.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.document import InvalidError, Value
from pipeline.fields import Clock, written
from render.transforms import Transform

_PERCENT = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))\s*%")
_RATE = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*(%)?\s*(?:/\s*(s|frame))?")


@dataclass(frozen=True)
class Quantity:
    """A kind of number: what is expected in words, and how it is read; None where it is something else."""

    expected: str
    convert: Callable[[Value, Clock], float | None]

    def __call__(self, value: Value, clock: Clock) -> float:
        return self.read(value, clock, self.expected)

    def read(self, value: Value, clock: Clock, expected: str) -> float:
        if value.is_map or value.is_list:
            raise value.invalid(expected)
        amount = self.convert(value, clock)
        if amount is None or not math.isfinite(amount):
            raise value.invalid(expected)
        return amount


def number(low: float = -math.inf, high: float = math.inf) -> Quantity:
    """A number in a range, bounds included."""

    def convert(value: Value, clock: Clock) -> float | None:
        amount = _plain_number(value)
        return amount if amount is not None and low <= amount <= high else None

    return Quantity("a number" + _range(low, high), convert)


def _share(value: Value, clock: Clock) -> float | None:
    percent = _PERCENT.fullmatch(written(value))
    return float(percent[1]) / 100 if percent else _plain_number(value)


share = Quantity("a share such as 0.5 or 50%", _share)


def rate(transform: Transform) -> Quantity:
    """How fast a transform moves, per second: `1.05/s`, `1.004/frame`, `2%/s`, or a bare number per second."""

    def convert(value: Value, clock: Clock) -> float | None:
        match = _RATE.fullmatch(written(value))
        if match is None:
            return None
        amount = float(match[1])
        if bool(match[2]) != transform.percent and amount != 0:
            return None
        if transform.multiplicative and match[2]:
            return None
        if transform.multiplicative and amount <= 0:
            raise InvalidError(value, f"must be above 0: 1 stands still, got '{written(value)}'")
        frames = 1.0 if match[3] == "frame" else 1 / clock.fps
        if clock.known and not _fits(amount, frames, transform.multiplicative):
            limit = "a factor of 10" if transform.multiplicative else "1,000,000"
            raise InvalidError(value, f"is more than {limit} in one frame, got '{written(value)}'")
        if transform.percent:
            amount /= 100
        if match[3] != "frame":
            return amount
        return float(amount**clock.fps) if transform.multiplicative else amount * clock.fps

    kind = "a share such as" if transform.percent else "a number, a rate such as"
    return Quantity(f"{kind} {transform.example}", convert)


def _plain_number(value: Value) -> float | None:
    scalar = value.scalar("a number")
    return float(scalar) if isinstance(scalar, int | float) and not isinstance(scalar, bool) else None


def _range(low: float, high: float) -> str:
    if low > -math.inf:
        return f" from {low:g} to {high:g}" if high < math.inf else f" of at least {low:g}"
    return f" of at most {high:g}" if high < math.inf else ""


def _fits(amount: float, seconds: float, multiplicative: bool) -> bool:
    """Whether a rate stays within a factor of 10, or an amount of 1,000,000, in one frame."""
    if multiplicative:
        return abs(math.log(amount)) * seconds <= math.log(10)
    return abs(amount) * seconds <= 1_000_000
