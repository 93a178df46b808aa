"""Write a number per frame as keys of our language that give exactly these numbers.

Rates are integrated between frames (`pipeline.schedule.timeline`), so the move of frame i becomes a rate that is
constant from frame i-1 to frame i: a key with `hold`. Where the values follow a line or an expression, the rate is a
formula of `n`, the number of the frame being made: `let: {n: ceil(frame)}`. Values that are sampled at frames, such
as weights, need only linear keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.expressions import Expression, Formula, Scope
from pipeline.curves.tokens import ExpressionError

FRAME = "n"
FORMULA = "ceil(frame)"
_TOLERANCE = 1e-9
_SHORTEST = 4  # the fewest frames for which a formula is used


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How an amount per frame is written: as a rate, as an expression per second, or as a single function call."""

    rate: str = "{}"
    expression: str = "{}"
    call: str = "{}"
    multiplicative: bool = False

    def scale(self, values: Array) -> Array:
        """Convert the values to a scale where equal differences are equal moves."""
        return np.log(values) if self.multiplicative else values


ZOOM = Kind(rate="{}/frame", expression="({})**fps", call="{}**fps", multiplicative=True)
ROTATE = Kind(rate="{}/frame", expression="fps*({})", call="fps*{}")
PAN = Kind(rate="{}%/frame", expression="fps*({})", call="fps*{}")
CAMERA = ROTATE  # what a camera drives and turns is written as an angle is
PLAIN = Kind()


@dataclass(frozen=True, kw_only=True)
class Key:
    """A value at a frame, as written; with `hold`, the value jumps there."""

    frame: int
    value: str
    hold: bool = False


@dataclass(frozen=True, kw_only=True)
class Wording:
    """An expression of the source translated to our language, for the frames from `start` up to `stop`."""

    start: int
    stop: int
    text: str


Keys = tuple[Key, ...]


def rate_keys(values: Array, kind: Kind, fps: float, wordings: Sequence[Wording] = ()) -> Keys:
    """Write keys of a rate whose move in frame i is `values[i]`; frame 0 has no move."""
    known = {wording.start: wording for wording in wordings if _agrees(wording, values, kind, fps)}
    keys: list[Key] = []
    at = 0
    while at < len(values):
        if at in known:
            stop, text = known[at].stop, kind.expression.format(known[at].text)
        else:
            limit = min((start for start in known if start > at), default=len(values))
            stop, text = _stretch(values, at, limit, kind)
        if stop > 1 or len(values) == 1:
            keys.append(Key(frame=max(at, 1) - 1, value=text, hold=at > 1))
        at = stop
    return _merged(keys)


def value_keys(values: Array) -> Keys:
    """Write keys of a number that is `values[i]` at frame i."""
    ends = [0]
    while ends[-1] < len(values) - 1:
        ends.append(_line_end(values, ends[-1], len(values)) - 1)
    if len(ends) > 1 and values[ends[0]] == values[ends[1]]:
        ends = ends[1:]
    if len(ends) > 1 and values[ends[-1]] == values[ends[-2]]:
        ends = ends[:-1]
    return tuple(Key(frame=end, value=number(values[end])) for end in ends)


def expression_keys(text: str | None, values: Array, fps: float) -> Keys:
    """Write the expression `text` as keys if it gives these values at the frames; otherwise write the values."""
    if text is not None:
        times = np.arange(len(values)) / fps
        found = _evaluated(text, times, fps, {})
        if found is not None and np.allclose(found[1:], values[1:], rtol=_TOLERANCE, atol=_TOLERANCE):
            if np.isclose(found[0], values[0], rtol=_TOLERANCE, atol=_TOLERANCE):
                return (Key(frame=0, value=text),)
            return (Key(frame=0, value=number(values[0])), Key(frame=1, value=text, hold=True))
    return value_keys(values)


def number(value: float) -> str:
    """Format a number with up to ten digits, as short as possible."""
    return f"{value + 0.0:.10g}"


def _agrees(wording: Wording, values: Array, kind: Kind, fps: float) -> bool:
    """Whether our expression, evaluated between the frames, gives the same numbers as the source's."""
    frames = np.arange(max(wording.start, 1), wording.stop)
    times = np.asarray((frames - 0.5) / fps, dtype=np.float64)
    names = {FRAME: Scope(fps=fps, duration=1.0).compile(FORMULA)}
    if _evaluated(kind.expression.format(wording.text), times, fps, names) is None:
        return False
    found = _evaluated(wording.text, times, fps, names)
    if found is None or not len(frames):
        return False
    with np.errstate(all="ignore"):
        near = np.abs(kind.scale(found) - kind.scale(values[frames])) <= _TOLERANCE * (1 + np.abs(values[frames]))
    return bool(near.all())


def _evaluated(text: str, times: Array, fps: float, names: dict[str, Expression]) -> Array | None:
    scope = Scope(fps=fps, duration=1.0, variables=names)
    try:
        expression = scope.compile(text)
    except ExpressionError:
        return None
    return Formula(expression=expression, scope=scope).at(times)


def _stretch(values: Array, start: int, limit: int, kind: Kind) -> tuple[int, str]:
    """Find the longest stretch from `start` that is constant or linear; returns its end and its text."""
    still = start + 1
    while still < limit and values[still] == values[start]:
        still += 1
    stop = _line_end(values, start, limit)
    if still >= stop or stop - start < _SHORTEST:
        return still, kind.rate.format(number(values[start]))
    begin = start - 1 if start and _line_end(values, start - 1, stop) == stop else start
    first, last = number(values[begin]), number(values[stop - 1])
    share = f"({FRAME} - {begin})" if begin else FRAME
    return stop, kind.call.format(f"lerp({first}, {last}, {share}/{stop - 1 - begin})")


def _line_end(values: Array, start: int, limit: int) -> int:
    """Find the end (exclusive) of the frames from `start` whose values lie on one line."""
    if start + 2 >= limit:
        return limit
    first, second, third = values[start : start + 3]
    if abs(third - 2 * second + first) > _TOLERANCE * (1 + abs(third)):  # the most frequent case
        return start + 2
    window = 64
    while True:
        stop = min(start + window, limit)
        rest = values[start:stop]
        line = rest[0] + (rest[1] - rest[0]) * np.arange(len(rest))
        wrong = np.abs(rest - line) > _TOLERANCE * 0.1 * (1 + np.abs(rest))
        if wrong.any():
            return start + int(wrong.argmax())
        if stop == limit:
            return limit
        window *= 4


def _merged(keys: list[Key]) -> Keys:
    """Drop keys that repeat the previous value."""
    kept = keys[:1]
    for key in keys[1:]:
        if key.value != kept[-1].value:
            kept.append(key)
    return tuple(kept)
