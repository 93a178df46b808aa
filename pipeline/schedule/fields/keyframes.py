"""Numbers over time: easings, and curves given as maps of times."""

import math
import re
from collections.abc import Callable, Collection
from typing import TypeVar

import numpy as np

from pipeline.curves.curve import Curve, Keyframe
from pipeline.curves.easings import EASINGS, easing
from pipeline.curves.expressions import RESERVED, Formula
from pipeline.curves.functions import FUNCTIONS
from pipeline.curves.quadrature import CELL
from pipeline.curves.tokens import MAX_LENGTH, WORDS
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.formulas import amount, check
from pipeline.schedule.fields.quantities import Quantity
from pipeline.schedule.fields.readers import parts
from pipeline.schedule.fields.shapes import Described, Shape, described, map_of, one_of, written_as
from pipeline.schedule.fields.times import KEY, time
from render.errors import suggestion

T = TypeVar("T")

MAX_KEYS = 10_000  # more than one key per frame for ten minutes
MAX_EASINGS = 64
MAX_WORK = 20_000_000  # tokens of an expression times sampled moments

_EASE = "the name of an easing such as in_out_sine, see easings.net"
EASING: Shape = {
    "title": "easing",
    "description": "how the value moves to this key; easings.net shows the curves",
    "default": "linear",
    **one_of({"enum": list(EASINGS)}, written_as(r"bezier\((?:[-+.0-9\s]+,){3}[-+.0-9\s]+\)", _EASE)),
}
_WORD = rf"\b(?!(?:{'|'.join(sorted(WORDS))})\b)\w"
EXPRESSION: Shape = {
    "title": "expression",
    "description": f"a formula of {', '.join(RESERVED)} and the names in let:, with {', '.join(FUNCTIONS)}",
    "type": "string",
    "maxLength": MAX_LENGTH,
    # Two adjacent words are no expression, nor is a number with letters, except for times such as 4 beats.
    "pattern": r"^(?:(?=.*\b(?:every|pulse_on)\s*\()"
    rf"|(?!.*{_WORD}+\s+{_WORD})(?!.*\b[0-9]+(?![eE][-+]?[0-9])[A-Za-z_]))"
    r"\s*[-+(.0-9A-Za-z_](?:[-+*/()<>=!,.\s0-9A-Za-z_]*[).0-9A-Za-z_])?\s*$",
    "patternErrorMessage": "expected an expression such as 3*sin(tau*t/8)",
    "examples": ["3*sin(tau*t/8)"],
}


@described(EASING)
def ease(value: Value, clock: Clock) -> str:
    """The name of an easing."""
    expected = _EASE
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


def keyed(entry: Shape) -> Shape:
    """The shape of a map whose keys are times."""
    return {"type": "object", "minProperties": 1, "propertyNames": KEY, "additionalProperties": entry}


def curve(quantity: Quantity) -> Described[[Value, Clock], Curve]:
    """A reader of curves: a number, an expression, or a map of times to these or to `{to: value, ease: name}`."""
    once = one_of(quantity.shape, EXPRESSION)
    over_time = keyed(one_of(once, map_of({"to": once, "ease": EASING}, required=("to",))))

    @described(one_of(once, over_time), shown=lambda curve: quantity.shown(curve.keys[0].value), over_time=True)
    def read(value: Value, clock: Clock) -> Curve:
        if not value.is_map:
            expected = f"{quantity.expected} or a map of times"
            found = amount(value, quantity, clock, expected, prev=None)
            keys = [(_key(0.0, found, "linear"), value)]
        else:
            keys = _keys(by_time(value, clock, lambda at, entry: _entry(entry, clock)), quantity, clock)
        if len({key.easing for key, _ in keys}) > MAX_EASINGS:
            raise InvalidError(value, f"more than {MAX_EASINGS} different easings in one map")
        if clock.known:
            _check(keys, quantity, clock)
        result = Curve(keys=tuple(key for key, _ in keys)) if keys else Curve.constant(1.0)
        clock.note(value, result, quantity)
        return result

    return read


def _entry(entry: Value, clock: Clock) -> tuple[Value, str]:
    """The node of a key's value, and the key's easing."""
    if not entry.is_map:
        return entry, "linear"
    found = parts(entry, {"to": lambda value, clock: value, "ease": ease}, clock)
    return found["to"], found.get("ease", "linear")


def _keys(entries: dict[float, tuple[Value, str]], quantity: Quantity, clock: Clock) -> list[tuple[Keyframe, Value]]:
    """The keys in order of time, each with its node; invalid ones are collected as problems and left out."""
    keys: list[tuple[Keyframe, Value]] = []
    prev: float | None = None
    for at, (value, name) in entries.items():
        with value.problems.collecting():
            key = _key(at, amount(value, quantity, clock, quantity.expected, prev), name)
            prev = key.value
            keys.append((key, value))
    return keys


def _key(at: float, found: float | Formula, name: str) -> Keyframe:
    if not isinstance(found, Formula):
        return Keyframe(time=at, value=found, easing=name)
    return Keyframe(time=at, value=float(found.at(np.array(at))), easing=name, formula=found)


def _check(keys: list[tuple[Keyframe, Value]], quantity: Quantity, clock: Clock) -> None:
    """Check every formula at every frame that it contributes to; problems are collected."""
    times = np.array([-math.inf, *(key.time for key, _ in keys), math.inf])
    frames = clock.frames
    sizes = [clock.scope.size(key.formula.expression) for key, _ in keys if key.formula is not None]
    if max(sizes, default=0) * max(len(frames), clock.length / CELL) > MAX_WORK:
        raise InvalidError(keys[0][1], f"expressions of this size take too long to compute for {clock.length:,.0f} s")
    for number, (key, value) in enumerate(keys):
        if key.formula is not None:
            begin, end = np.searchsorted(frames, [times[number], times[number + 2]], side="left")
            with value.problems.collecting():
                check(value, key.formula, np.append(frames[begin : end + 1], key.time), quantity, clock)


def by_time(
    value: Value, clock: Clock, read: Callable[[float, Value], T], skipped: Collection[str] = ()
) -> dict[float, T]:
    """Read a map of times in order, except the keys in `skipped`; invalid entries are reported and left out."""
    if not value.node.value:
        raise value.invalid("at least one time")
    if len(value.node.value) > MAX_KEYS:
        raise InvalidError(value, f"more than {MAX_KEYS:,} keys in one map")
    found: dict[float, T] = {}
    seen: set[float] = set()
    places: dict[float, Value] = {}
    for name, key, entry in value.pairs("a map of times"):
        if name in skipped:
            continue
        with value.problems.collecting():
            at = time(key, clock) if clock.known else float(len(seen))
            if at in seen:
                raise InvalidError(key, f"another entry is also at {at:g} s; remove one of them")
            seen.add(at)
            places[at] = key
            found[at] = read(at, entry)
    late = sorted(at for at in places if clock.known and at > clock.length + 1e-9)
    for number, at in enumerate(late):
        effect = " and has no effect"
        if number == 0:
            effect = (
                ": the video ends before it is reached" if len(late) < len(places) else ": its value applies throughout"
            )
        clock.warn(places[at], f"is after the end at {clock.length:.4g} s{effect}")
    return dict(sorted(found.items()))


def _snake(name: str) -> str:
    """Convert easings.net's easeInOutSine to in_out_sine."""
    return re.sub(r"(?<!^)(?=[A-Z])|-", "_", name).lower().removeprefix("ease_")
