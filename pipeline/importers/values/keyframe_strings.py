"""Read keyframe strings of other tools by each tool's own rules."""

import ast
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from pipeline.importers.values.arithmetic import UnreadableError, arithmetic
from pipeline.importers.values.dialects import NUMEXPR
from pipeline.importers.values.series import Piece, Series, appended, frame_keys, interpolated, number_in, placed

_NUMBER = re.compile(r"(?=.)[+-]?[0-9]*(\.[0-9]+)?")  # a number as Deforum defines it: no exponent, no spaces
_BRACKETED = re.compile(r"([0-9]{1,9}):\s*\(([^()]*)\)")
_LONGEST = 300_000  # characters of a keyframe string
_OPEN, _CLOSE = "([{", ")]}"
_UNMARKED = str.maketrans("", "", "()'\"")


def deforum_series(text: str, count: int, names: Mapping[str, float]) -> Series:
    """Read a schedule such as `0: (1.02), 30: (1 + 0.1*sin(t))`, or one value for all frames.

    Values between numeric keys are interpolated; an expression of t is evaluated at every frame up to the next
    key. Keys outside the frames have no effect.

    Raises:
        UnreadableError: the text has another form or uses an unknown name; the message gives the frame and the text.

    Source: sd-webui-deforum, scripts/deforum_helpers/animation_key_frames.py. What differs: commas
        within brackets belong to the expression, a first key after frame 0 also holds before it, and a value
        without a frame belongs to frame 0.
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
            values[at] = number_in(plain)
            continue
        with _at_frame(at):
            expression = arithmetic(value, NUMEXPR)
            moments = frames[at:following]
            values[at:following] = expression.values({**names, "t": moments, "i": moments})
        pieces.append(Piece(start=at, stop=following, expression=expression))
    return Series(values=interpolated(values), pieces=tuple(pieces), notes=notes)


@contextmanager
def _at_frame(frame: int) -> Iterator[None]:
    """Add the frame of the key to the message of an `UnreadableError`."""
    try:
        yield
    except UnreadableError as error:
        raise UnreadableError(f"frame {frame}: {error}") from None


def _deforum_keys(text: str, names: Mapping[str, float]) -> tuple[dict[int, str], tuple[str, ...]]:
    """Map frames to values as Deforum does; also returns notes on the text that it ignores."""
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
            notes.append(f"frame {number} has two keys; the last one is used")
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
    """Split a schedule into keys. If a bracket is not closed, split at every comma, as Deforum does."""
    if sum(map(text.count, _OPEN)) > sum(map(text.count, _CLOSE)):
        parts = [part for part in text.split(",") if part.strip()]
        if all(":" in part for part in parts):
            return parts
    return _split(text, ",")


def frame_number(text: str, names: Mapping[str, float]) -> int:
    """Read a frame number, which may be an expression such as "max_f/2" in quotes."""
    plain = text.strip().strip("'\"")
    try:
        number = float(plain) if plain.isdecimal() else float(arithmetic(plain, NUMEXPR).values(names))
    except UnreadableError as error:
        raise UnreadableError(f"'{plain[:40]}' is not a frame number: {error}") from None
    if not np.isfinite(number):
        raise UnreadableError(f"'{plain[:40]}' is not a frame number")
    return int(number)


def _split(text: str, separator: str) -> list[str]:
    """Split at separators outside brackets; a separator at the end is ignored."""
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        depth += (character in _OPEN) - (character in _CLOSE)
        if character == separator and depth <= 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]] if text[start:].strip() else parts


def bracketed_keys(text: str) -> dict[int, str]:
    """Read keys such as `0: (1), 10: (1.05)`, values as written in the brackets; empty if there is no such key.

    Raises:
        UnreadableError: there is anything else between the keys.
    """
    keys = {int(frame): value for frame, value in _BRACKETED.findall(text)}
    if keys and (rest := _BRACKETED.sub("", text).replace(",", " ").strip()):
        raise UnreadableError(f"expected keys such as 0: (1), 10: (1.05), got '{rest[:40]}'")
    return keys


def disco_series(text: str, count: int) -> Series:
    """Read keys such as `0: (1), 10: (1.05)`; a bare number applies to all frames.

    Source: alembics/disco-diffusion, disco.py. The last frame gets the value of the last key written,
        even if that key is after the end.
    """
    keys = {frame: number_in(value) for frame, value in bracketed_keys(text).items()} or {
        0: number_in(text.strip().strip("()"))
    }
    values, beyond = placed(keys, count)
    known = [*values[~np.isnan(values)], *beyond]
    values[-1] = known[-1]
    return Series(values=interpolated(values))


def animations_series(text: str, count: int) -> Series:
    """Read keys such as `10: 1, 30: 1.2`, the older `10: (1), 30: (1.2)`, or a bare number.

    Source: chigozienri/VQGAN-CLIP-animations, the notebook.
    """
    keys = literal_keys(text) or bracketed_keys(text)
    if not keys:
        raise UnreadableError(f"expected keys such as 10: 1, 30: 1.2, got '{text[:40]}'")
    return Series(values=appended(frame_keys(keys), count))


def literal_keys(text: str) -> dict[Any, Any] | None:
    """Read a Python dictionary written without its braces; a bare value gets frame 0. None if it is neither."""
    try:
        found = ast.literal_eval("{" + text + "}") if len(text) <= _LONGEST else None
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    if isinstance(found, set):
        return {0: found.pop()} if len(found) == 1 else None
    return dict(found) if isinstance(found, dict) else None
