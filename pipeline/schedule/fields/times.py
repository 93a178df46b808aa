"""Reads times: frames, seconds, beats and bars, percent, `end`, markers, and offsets from them."""

import re

from pipeline.curves.beat_grid import Beat
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.shapes import Shape, one_of, written_as
from render.errors import suggestion

TIME_EXPECTED = "a time such as 24 (a frame), 1.5s, 8 beats, 50%, end or @marker"
NO_MUSIC = Clock.no_beat

MAX_TEXT = 100  # characters of a time
_LATEST = 1e9  # seconds; far beyond it, two times a second apart are the same float
_ANY = Beat(bpm=60)  # placeholder for the beats if the music could not be read
_NUMBER = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_SPAN = re.compile(rf"(?:{_NUMBER}\s*m)?\s*(?:{_NUMBER}\s*s)?\s*(?:{_NUMBER}\s*ms)?")
_BEATS = re.compile(rf"{_NUMBER}\s*(beat|bar)s?")
_PERCENT = re.compile(rf"\+?{_NUMBER}\s*%")
_MARKER = re.compile(r"@\s*(\w+)")
_STEP = re.compile(r"\s*([-+])\s*")

_LASTING = rf"(?:{_BEATS.pattern}|(?=[0-9.]){_SPAN.pattern})"
_STEPS = rf"(?:\s*[-+]\s*{_LASTING})*"
_AT = rf"\+?(?:end|{_PERCENT.pattern}|{_MARKER.pattern}|{_LASTING}){_STEPS}"

TIME: Shape = {
    "title": "time",
    **one_of({"type": "integer", "minimum": 0}, {**written_as(_AT, TIME_EXPECTED), "maxLength": MAX_TEXT}),
}
# yaml-language-server treats the key 24 as a number.
KEY: Shape = {**written_as(rf"{_AT}|\+?[0-9]+", TIME_EXPECTED), "type": ["string", "integer"], "title": "key"}


def time(value: Value, clock: Clock) -> float:
    """A time in seconds: a bare integer is a frame number; `1m20s`, `8 beats`, `50%`, `end-2s`, `@marker+1 bar`."""
    at = _seconds(value, clock, TIME_EXPECTED, relative=False)
    if at is None or not abs(at) <= _LATEST:
        raise value.invalid(TIME_EXPECTED)
    if at < 0:
        raise InvalidError(value, f"is {-at:.4g} s before the start")
    return at


def duration(value: Value, clock: Clock, expected: str) -> float | None:
    """A duration in seconds; a bare integer is a number of frames. None if it is not a duration."""
    return _seconds(value, clock, expected, relative=True)


def lasting(expected: str, least: int = 0) -> Shape:
    """The shape of a duration; if it is given in frames, at least `least`."""
    return one_of(
        {"type": "integer", "minimum": least},
        {**written_as(rf"\+?{_LASTING}{_STEPS}", expected), "maxLength": MAX_TEXT},
    )


def seconds(duration: float) -> str:
    """A duration in the notation of a schedule."""
    return f"{duration:g}s"


def _seconds(value: Value, clock: Clock, expected: str, relative: bool) -> float | None:
    scalar = value.scalar(expected)
    if isinstance(scalar, int) and not isinstance(scalar, bool) and scalar >= 0:
        return scalar / clock.fps
    if not isinstance(scalar, str) or len(scalar) > MAX_TEXT:
        return None
    first, *steps = _STEP.split(scalar.strip().removeprefix("+"))
    at = _span(first, value, clock) if relative else _place(first, value, clock)
    for sign, step in zip(steps[::2], steps[1::2], strict=True):
        beats = _beats(step, value, clock)
        length = _span(step, value, clock)
        if at is None or length is None:
            return None
        if beats is not None and clock.beat is not None and not relative:  # beats have the length that they have there
            at = clock.beat.after(at, beats if sign == "+" else -beats)
        else:
            at += length if sign == "+" else -length
    return at


def _place(text: str, value: Value, clock: Clock) -> float | None:
    """A position on the timeline, in seconds; None if it is not one."""
    if text == "end":
        return clock.length
    if match := _PERCENT.fullmatch(text):
        return float(match[1]) / 100 * clock.length
    if match := _MARKER.fullmatch(text):
        if match[1] not in clock.markers:
            hint = suggestion(match[1], clock.markers) if clock.markers else "expected markers: {" + match[1] + ": 8s}"
            raise InvalidError(value, f"unknown marker '{match[1]}'; {hint}")
        return clock.markers[match[1]]
    beats = _beats(text, value, clock)
    if beats is not None and clock.beat is not None:
        return clock.beat.after(clock.beat.offset, beats)
    return _span(text, value, clock)


def _beats(text: str, value: Value, clock: Clock) -> float | None:
    """The number of beats that `text` specifies; None if it does not specify beats."""
    match = _BEATS.fullmatch(text)
    if match is None:
        return None
    if clock.beat is None and clock.known:
        raise InvalidError(value, clock.no_beat)
    return float(match[1]) * ((clock.beat or _ANY).beats_per_bar if match[2] == "bar" else 1)


def _span(text: str, value: Value, clock: Clock) -> float | None:
    """The duration that `text` specifies, in seconds, with beats as long as the first ones; None if it is not one."""
    if (beats := _beats(text, value, clock)) is not None:
        return (clock.beat or _ANY).duration(beats)
    return span(text)


def span(text: str) -> float | None:
    """A duration such as `1m20s` or `1.5s`, in seconds; None if the text is none."""
    match = _SPAN.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    minutes, seconds, thousandths = (float(part or 0) for part in match.groups())
    return minutes * 60 + seconds + thousandths / 1000
