"""Keyframe strings of other tools, as one number per frame by the rule of the tool.

All of them are tables of frames, filled by `pandas.Series.interpolate` (linear, both directions).
They differ in what a value may be and in what becomes of a key behind the last frame.
"""

import ast
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.values.arithmetic import Arithmetic, UnreadableError, arithmetic
from pipeline.importers.values.dialects import NUMEXPR

MAX_FRAMES = 200_000
LARGEST = 1e9  # of any number: no picture moves by more
_NUMBER = re.compile(r"(?=.)[+-]?[0-9]*(\.[0-9]+)?")  # Deforum's own idea of a number: no exponent, no spaces
_BRACKETED = re.compile(r"([0-9]{1,9}):\s*\(([^()]*)\)")
_LONGEST = 300_000  # characters of keyframes
_OPEN, _CLOSE = "([{", ")]}"
_UNMARKED = str.maketrans("", "", "()'\"")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """The frames from `start` up to `stop`, in which an expression says the value."""

    start: int
    stop: int
    expression: Arithmetic


@dataclass(frozen=True, kw_only=True)
class Series:
    """A number for every frame, the expressions that it came from, and what is to be said about reading them."""

    values: Array
    pieces: tuple[Piece, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_constant(self) -> bool:
        """The same number in every frame that moves: the first one has nothing to move."""
        return bool(np.all(self.values[1:] == self.values[-1]))


def constant(value: float, count: int) -> Series:
    return Series(values=np.full(count, float(value)))


def deforum_series(text: str, count: int, names: Mapping[str, float]) -> Series:
    """A schedule such as `0: (1.02), 30: (1 + 0.1*sin(t))`, or one value for all frames.

    A number is a key between which is interpolated; an expression of t is evaluated at every frame up
    to the next key. Keys outside of the frames do nothing.

    Raises:
        UnreadableError: it is not of that form, or names what is not known; with the frame and the text.

    Source: sd-webui-deforum, scripts/deforum_helpers/animation_key_frames.py. What differs: commas
        within brackets belong to the expression, a first key behind frame 0 holds backwards, and a value
        without a frame stands at frame 0.
    """
    found, notes = _deforum_keys(text, names)
    frames = np.arange(count, dtype=np.float64)
    values = np.full(count, np.nan)
    pieces = []
    inside = [(at, value) for at, value in sorted(found.items()) if 0 <= at < count]
    if not inside:
        raise UnreadableError("has no value in any frame")
    for (at, value), following in zip(inside, [*(at for at, _ in inside[1:]), count], strict=True):
        plain = value.translate(_UNMARKED)
        if _NUMBER.fullmatch(plain):
            values[at] = _float(plain)
            continue
        with _at_frame(at):
            expression = arithmetic(value, NUMEXPR)
            moments = frames[at:following]
            values[at:following] = expression.values({**names, "t": moments, "i": moments})
        pieces.append(Piece(start=at, stop=following, expression=expression))
    return Series(values=_filled(values), pieces=tuple(pieces), notes=notes)


@contextmanager
def _at_frame(frame: int) -> Iterator[None]:
    """What cannot be read, with the frame of its key."""
    try:
        yield
    except UnreadableError as error:
        raise UnreadableError(f"frame {frame}: {error}") from None


def _deforum_keys(text: str, names: Mapping[str, float]) -> tuple[dict[int, str], tuple[str, ...]]:
    """Frames to values as Deforum reads them, and what of the text it passes over."""
    keys: dict[int, str] = {}
    notes = []
    for entry in _entries(text):
        frame, *values = entry.split(":")
        if not values and entry.strip() == text.strip():
            return {0: text.strip()}, ()
        if not values or not any(value.strip() for value in values):
            raise UnreadableError(f"expected keys such as 0: (1.02), 30: (1.05), got '{entry.strip()[:40]}'")
        number = frame_number(frame, names)
        if number in keys:
            notes.append(f"frame {number} has two keys: the last one counts")
        keys[number] = values[0].strip()
        if not keys[number]:
            raise UnreadableError(f"frame {number}: expected a value, got '{entry.strip()[:40]}'")
        if dropped := ":".join(values[1:]).strip():
            notes.append(
                f"frame {number}: '{entry.strip()[:80]}' has a second colon: Deforum reads '{keys[number]}' and "
                f"drops '{dropped[:60]}', and so does this"
            )
    return keys, tuple(notes)


def _entries(text: str) -> list[str]:
    """The keys of a schedule. Where a bracket stays open: split at every comma, as Deforum does."""
    if sum(map(text.count, _OPEN)) > sum(map(text.count, _CLOSE)):
        parts = [part for part in text.split(",") if part.strip()]
        if all(":" in part for part in parts):
            return parts
    return _split(text, ",")


def frame_number(text: str, names: Mapping[str, float]) -> int:
    """A frame, which may be an expression such as "max_f/2" in quotes."""
    plain = text.strip().strip("'\"")
    try:
        number = float(plain) if plain.isdecimal() else float(arithmetic(plain, NUMEXPR).values(names))
    except UnreadableError as error:
        raise UnreadableError(f"'{plain[:40]}' is not a frame number: {error}") from None
    if not np.isfinite(number):
        raise UnreadableError(f"'{plain[:40]}' is not a frame number")
    return int(number)


def _split(text: str, separator: str) -> list[str]:
    """Split where no bracket is open; a separator at the end separates nothing."""
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        depth += (character in _OPEN) - (character in _CLOSE)
        if character == separator and depth <= 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]] if text[start:].strip() else parts


def bracketed_keys(text: str) -> dict[int, str]:
    """Keys such as `0: (1), 10: (1.05)`, as written between the brackets; none where there is no such key.

    Raises:
        UnreadableError: there is anything else between them.
    """
    keys = {int(frame): value for frame, value in _BRACKETED.findall(text)}
    if keys and (rest := _BRACKETED.sub("", text).replace(",", " ").strip()):
        raise UnreadableError(f"expected keys such as 0: (1), 10: (1.05), got '{rest[:40]}'")
    return keys


def disco_series(text: str, count: int) -> Series:
    """Keys such as `0: (1), 10: (1.05)`; a bare number is the one of all frames.

    Source: alembics/disco-diffusion, disco.py. The last frame gets the value of the last key written,
        also of one behind the end.
    """
    keys = {frame: _float(value) for frame, value in bracketed_keys(text).items()} or {
        0: _float(text.strip().strip("()"))
    }
    values, beyond = _placed(keys, count)
    known = [*values[~np.isnan(values)], *beyond]
    values[-1] = known[-1]
    return Series(values=_filled(values))


def animations_series(text: str, count: int) -> Series:
    """Keys such as `10: 1, 30: 1.2`, the older `10: (1), 30: (1.2)`, or a bare number.

    Source: chigozienri/VQGAN-CLIP-animations, the notebook.
    """
    keys = literal_keys(text) or bracketed_keys(text)
    if not keys:
        raise UnreadableError(f"expected keys such as 10: 1, 30: 1.2, got '{text[:40]}'")
    return Series(values=appended(frame_keys(keys), count))


def literal_keys(text: str) -> dict[Any, Any] | None:
    """The dictionary that the text is the inside of; a bare value stands at frame 0. None where it is neither."""
    try:
        found = ast.literal_eval("{" + text + "}") if len(text) <= _LONGEST else None
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    if isinstance(found, set):
        return {0: found.pop()} if len(found) == 1 else None
    return dict(found) if isinstance(found, dict) else None


def frame_keys(keys: Mapping[Any, Any]) -> dict[int, float]:
    """Frames to numbers. Raises `UnreadableError` where there is anything else."""
    return {_frame(frame): _float(value) for frame, value in keys.items()}


def appended(keys: Mapping[int, float], count: int) -> Array:
    """Interpolate between keys; pandas appends those behind the end, right behind the last frame each."""
    values, beyond = _placed(keys, count)
    return _filled(np.concatenate([values, beyond]))[:count]


def _placed(keys: Mapping[int, float], count: int) -> tuple[Array, list[float]]:
    if not keys:
        raise UnreadableError("no keyframe")
    values = np.full(count, np.nan)
    for frame, value in keys.items():
        if 0 <= frame < count:
            values[frame] = value
    return values, [value for frame, value in keys.items() if frame >= count]


def _filled(values: Array) -> Array:
    """Linear between what is known, held before and after."""
    beyond = np.abs(values) > LARGEST
    if beyond.any():
        raise UnreadableError(f"is beyond {LARGEST:,.0f} at frame {int(beyond.argmax())}")
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        raise UnreadableError("has no value in any frame")
    return np.interp(np.arange(len(values)), known, values[known])


def _float(value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise UnreadableError(f"expected a number, got '{str(value)[:40]}'")
    return number


def _frame(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise UnreadableError(f"expected a frame, got '{str(value)[:40]}'")
