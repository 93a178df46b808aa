"""Times as they are written: `48`, `1.5s`, `1m20s`, `8 beats`, `2.5 bars`, `50%`, `end-2s`, `@drop+1 bar`; and a new
one in that form.
"""

import math
import re
from collections.abc import Callable

import numpy as np

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.readers import written
from pipeline.schedule.fields.times import duration, time
from pipeline.studio.text.entries import with_text
from render.errors import InputError

MOST_DECIMALS = 4  # a tenth of a millisecond, or of a thousandth of a beat
EXACT = 1e-6  # seconds within which a time counts as the wanted one
_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_LENGTH = re.compile(rf"(?:(?P<minutes>{_NUMBER})\s*m(?!s)\s*)?(?:{_NUMBER}(?P<gap>\s*)(?P<unit>s|ms)\s*)?")
_BEATS = re.compile(rf"{_NUMBER}(?P<gap>\s*)(?P<unit>beat|bar)s?")
_LAST_STEP = re.compile(r"\s*[-+]\s*(?P<step>[^-+]*)$")
_DECIMALS = re.compile(r"\.([0-9]+)(?=[^0-9.]*$)")


def time_text(like: Value, wanted: float, clock: Clock) -> str:
    """The time `wanted`, in seconds of the clock, written as `like` is, with more decimals where they are needed.

    A time that hangs on a marker or the end keeps hanging there: its distance changes.
    """
    return _text(like, wanted, clock, lambda text: time(with_text(like, text), clock))


def duration_text(like: Value, wanted: float, clock: Clock) -> str:
    """The duration `wanted` in seconds, written as `like` is; see `time_text`."""
    return _text(like, wanted, clock, lambda text: duration(with_text(like, text), clock, "a duration") or 0.0)


def is_anchored(like: Value) -> bool:
    """Whether a time is written as a distance from something else, or as a share of the whole."""
    text = written(like)
    return text.startswith(("@", "end", "+")) or "%" in text or bool(_LAST_STEP.search(text[1:]))


def _text(like: Value, wanted: float, clock: Clock, read: Callable[[str], float]) -> str:
    text = written(like)
    if text.isdigit():
        return str(round(wanted * clock.fps))
    step = _LAST_STEP.search(text, 1)
    anchor = text[: step.start()] if step else text
    if step or text.startswith(("@", "end")):
        return _distance(anchor, step["step"] if step else "0s", wanted, clock, read)
    if "%" in text:
        gap = " " if " %" in text else ""
        return _nearest(text, wanted / clock.length * 100, lambda amount: f"{amount}{gap}%", wanted, clock, read)
    if found := _BEATS.fullmatch(text):
        return _in_beats(text, found["gap"], found["unit"], 0.0, wanted, clock, read)
    return _in_seconds(text, wanted, lambda length: length, wanted, clock, read)


def _distance(anchor: str, step: str, wanted: float, clock: Clock, read: Callable[[str], float]) -> str:
    """The wanted time as a distance from an anchor, in the unit of the old distance."""
    base = read(anchor)
    distance = wanted - base
    if abs(distance) < 1e-4:
        return anchor
    sign = "+" if distance > 0 else "-"

    def place(length: str) -> float:
        return read(f"{anchor}{sign}{length}")

    if found := _BEATS.fullmatch(step):
        return f"{anchor}{sign}" + _in_beats(step, found["gap"], found["unit"], base, wanted, clock, place)
    return f"{anchor}{sign}" + _in_seconds(step, abs(distance), lambda length: length, wanted, clock, place)


def _in_beats(
    like: str, gap: str, unit: str, base: float, wanted: float, clock: Clock, read: Callable[[str], float]
) -> str:
    beat = clock.beat
    assert beat is not None  # the time was read in beats
    begin = base or beat.offset
    count, zero = beat.beats_at(np.array([wanted, begin]))
    beats = abs(float(count - zero))
    if abs(read(f"{beats:.9f} beats") - wanted) > 1e-3:  # a duration counts from beat 0
        count, zero = beat.beats_at(np.array([beat.offset + wanted, beat.offset]))
        beats = float(count - zero)
    amount = beats / (beat.beats_per_bar if unit == "bar" else 1)
    return _nearest(
        like, amount, lambda text: f"{text}{gap}{unit}{'' if float(text) == 1 else 's'}", wanted, clock, read
    )


def _in_seconds(
    like: str,
    length: float,
    shown: Callable[[str], str],
    wanted: float,
    clock: Clock,
    read: Callable[[str], float],
) -> str:
    """A length in seconds with the units of the old one."""
    found = _LENGTH.fullmatch(like)
    if found is None:
        raise InputError(f"'{like}' cannot be changed here; change it in the text")
    minutes = int(length // 60) if found["minutes"] else 0
    rest = length - 60 * minutes
    head = f"{minutes}m" if found["minutes"] else ""
    gap, unit = (found["gap"] or "", found["unit"] or "s")
    amount = rest * 1000 if unit == "ms" else rest
    if head and not found["unit"] and amount < EXACT:
        return shown(head)
    return _nearest(like, amount, lambda text: shown(f"{head}{text}{gap}{unit}"), wanted, clock, read)


def _nearest(
    like: str,
    amount: float,
    written_as: Callable[[str], str],
    wanted: float,
    clock: Clock,
    read: Callable[[str], float],
) -> str:
    """The number with the fewest decimals, at least those of the old one, that gives the wanted time.

    If none does exactly, it is not later than the wanted time, so that what begins at a frame is there in that frame.
    """
    old = _DECIMALS.search(like)
    fewest = len(old[1]) if old else 0
    for decimals in range(fewest, max(MOST_DECIMALS, fewest) + 1):
        text = written_as(f"{amount:.{decimals}f}")
        if abs(_read(text, read) - wanted) <= EXACT:
            return text
    scale = 10 ** min(3, MOST_DECIMALS)
    for decimals in (3, 4):
        scale = 10**decimals
        candidates = [written_as(f"{turn(amount * scale) / scale:.{decimals}f}") for turn in (math.floor, math.ceil)]
        early = [text for text in candidates if -2e-3 < _read(text, read) - wanted <= EXACT]
        if early:
            return max(early, key=lambda text: _read(text, read))
    return written_as(f"{amount:.{MOST_DECIMALS}f}")


def _read(text: str, read: Callable[[str], float]) -> float:
    try:
        return read(text)
    except InvalidError:
        return math.inf
