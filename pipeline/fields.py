"""Readers of single fields: from a place in the YAML to a number, a text, a time, a curve.

A reader takes a `Value` and the schedule's `Clock` and returns the value or raises `InvalidError` with
what was expected and an example.
"""

import dataclasses
import difflib
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pipeline.curves import Curve, Keyframe
from pipeline.document import InvalidError, Value
from pipeline.easings import EASINGS, easing
from render.errors import suggestion
from render.transforms import Transform


@dataclass(frozen=True, kw_only=True)
class Clock:
    """What turns frames, percent and `end` into seconds.

    `known` is False where fps or length could not be read: times are then only placeholders, and
    nothing is said of how they lie to each other.
    """

    fps: float
    length: float
    known: bool = True


T = TypeVar("T")
Reader = Callable[[Value, Clock], Any]

_SECONDS = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)\s*s")
_PERCENT = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))\s*%")
_RATE = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*(%)?\s*(?:/\s*(s|frame))?")
_LATER = re.compile(r"@.+|[0-9.]+\s*(beat|bar)s?")
_QUOTES = "put quotes around bezier(...)"
_TIME_EXPECTED = "a time such as 24 (a frame), 1.5s, 50% or end"


def setting(read: Reader, default: Any, about: str) -> Any:
    """A dataclass field that a schedule may set: how it is read, what it is without, one line about it."""
    return dataclasses.field(default=default, metadata={"read": read, "about": about})


def read_section(kind: type, value: Value, clock: Clock) -> Any:
    """Fill the dataclass `kind` from a map; what is wrong is noted and its field keeps the default."""
    readers = {entry.name: entry.metadata["read"] for entry in dataclasses.fields(kind)}
    return kind(**read_map(readers, value, clock))


def read_map(readers: Mapping[str, Reader], value: Value, clock: Clock) -> dict[str, Any]:
    """Read the known keys of a map; unknown ones, and what cannot be read, are noted and left out."""
    read: dict[str, Any] = {}
    with value.problems.collecting():
        for name, key, entry in value.pairs(f"a map with {', '.join(readers)}"):
            with value.problems.collecting():
                if name not in readers:
                    raise InvalidError(key, f"unknown key; {suggestion(name, readers)}")
                read[name] = readers[name](entry, clock)
    return read


def read_each(read: Reader, values: Sequence[Value], clock: Clock) -> list[Any]:
    """Read every value, so that all that is wrong is noted; raises what was wrong with the last wrong one."""
    found = []
    wrong: InvalidError | None = None
    for value in values:
        try:
            found.append(read(value, clock))
        except InvalidError as invalid:
            value.problems.add(invalid)
            wrong = invalid
    if wrong is not None:
        raise wrong
    return found


def text(value: Value, clock: Clock) -> str:
    expected = "a text"
    scalar = value.scalar(expected)
    if scalar is None or isinstance(scalar, bool) or not str(scalar).strip():
        raise value.invalid(expected)
    written = _written(value)  # 1984 is a prompt, too
    if any("\ud800" <= character <= "\udfff" for character in written):
        raise InvalidError(value, "holds half a character (a lone surrogate), which no text can")
    return written


def flag(value: Value, clock: Clock) -> bool:
    scalar = value.scalar("true or false")
    if not isinstance(scalar, bool):
        raise value.invalid("true or false")
    return scalar


def choice(known: Collection[str]) -> Reader:
    """One of a few words."""

    def read(value: Value, clock: Clock) -> str:
        expected = f"one of {', '.join(known)}"
        name = value.scalar(expected)
        if not isinstance(name, str):
            raise value.invalid(expected)
        if name not in known:
            raise InvalidError(value, f"unknown value '{name}'; {suggestion(name, known)}")
        return name

    return read


def integer(low: int, high: int) -> Reader:
    """A whole number in a range."""

    def read(value: Value, clock: Clock) -> int:
        expected = f"a whole number from {low} to {high}"
        scalar = value.scalar(expected)
        if isinstance(scalar, bool) or not isinstance(scalar, int) or not low <= scalar <= high:
            raise value.invalid(expected)
        return scalar

    return read


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
    percent = _PERCENT.fullmatch(_written(value))
    return float(percent[1]) / 100 if percent else _plain_number(value)


share = Quantity("a share such as 0.5 or 50%", _share)


def rate(transform: Transform) -> Quantity:
    """How fast a transform moves, per second: `1.05/s`, `1.004/frame`, `2%/s`, or a bare number per second."""

    def convert(value: Value, clock: Clock) -> float | None:
        match = _RATE.fullmatch(_written(value))
        if match is None:
            return None
        amount = float(match[1])
        if bool(match[2]) != transform.percent and amount != 0:
            return None
        if transform.multiplicative and match[2]:
            return None
        if transform.multiplicative and amount <= 0:
            raise InvalidError(value, f"must be above 0: 1 stands still, got '{_written(value)}'")
        frames = 1.0 if match[3] == "frame" else 1 / clock.fps
        if clock.known and not _fits(amount, frames, transform.multiplicative):
            limit = "a factor of 10" if transform.multiplicative else "1,000,000"
            raise InvalidError(value, f"is more than {limit} in one frame, got '{_written(value)}'")
        if transform.percent:
            amount /= 100
        if match[3] != "frame":
            return amount
        return float(amount**clock.fps) if transform.multiplicative else amount * clock.fps

    kind = "a share such as" if transform.percent else "a number, a rate such as"
    return Quantity(f"{kind} {transform.example}", convert)


def time(value: Value, clock: Clock) -> float:
    """A time in seconds: a bare integer is a frame; `1.5s`, `50%` of the length, `end`."""
    at = seconds(value, clock, _TIME_EXPECTED)
    if at is None or not math.isfinite(at):
        if _LATER.fullmatch(_written(value)):
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
        if (match := _PERCENT.fullmatch(scalar)) and float(match[1]) >= 0:
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
        hint = f"expected {expected}"
        if name.startswith("bezier"):
            hint = 'expected "bezier(x1, y1, x2, y2)" in quotes, x1 and x2 from 0 to 1'
        elif near := difflib.get_close_matches(_snake(name), EASINGS, n=1):
            hint = f"did you mean '{near[0]}'?"
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


def parts(value: Value, readers: Mapping[str, Reader], clock: Clock) -> dict[str, Any]:
    """Read a small map such as {to: 1.2/s, ease: out_expo}, whose first key is required.

    Raises:
        InvalidError: the required key is missing or cannot be read; what else is wrong is noted.
    """
    required, *_ = readers
    found: dict[str, Value] = {}
    unknown: list[InvalidError] = []
    for name, key, entry in value.pairs("a map"):
        if name in readers:
            found[name] = entry
        elif not unknown or not unknown[0].message.endswith(_QUOTES):
            torn = "ease" in found and _written(found["ease"]).startswith("bezier(")
            unknown.append(InvalidError(key, f"unknown key; {_QUOTES if torn else suggestion(name, readers)}"))
    if required not in found:  # most likely misspelt
        unknown = unknown or [InvalidError(value, f"'{required}' is missing; expected {{{', '.join(readers)}}}")]
        raise unknown[0]
    for invalid in unknown:
        value.problems.add(invalid)
        if invalid.message.endswith(_QUOTES):
            found.pop("ease", None)
    read: dict[str, Any] = {}
    for name, entry in found.items():
        with value.problems.collecting():
            read[name] = readers[name](entry, clock)
    if required not in read:
        return {required: readers[required](found[required], clock), **read}  # raises what was wrong
    return read


def _snake(name: str) -> str:
    """easings.net's easeInOutSine as in_out_sine."""
    return re.sub(r"(?<!^)(?=[A-Z])|-", "_", name).lower().removeprefix("ease_")


def _written(value: Value) -> str:
    """The scalar as it stands in the file; quoting a rate makes no difference."""
    return str(value.node.value).strip()


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
