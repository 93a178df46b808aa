"""Reads `fps:`, and finds rates at which a length is a whole number of frames."""

import re
from fractions import Fraction

from pipeline.curves.beat_grid import Beat
from pipeline.curves.rates import NTSC, exact
from pipeline.schedule.document.document import Value
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.readers import written
from pipeline.schedule.fields.shapes import Described, Shape, described, one_of, written_as

LOWEST, HIGHEST = 0.1, 240.0
SOURCE = "source"
NEAR = 12.0  # frames per second; `auto` picks a rate near this
_FRACTION = r"[0-9]{1,7}\s*/\s*0*[1-9][0-9]{0,6}"
_AUTO = re.compile(r"auto(?:\s+([0-9]{1,3}(?:\.[0-9]{1,6})?))?")
_EQUAL = 1e-6, 0.05  # in bars: tolerance for calling a length whole bars, for evenly spaced and for detected beats


def frames_per_second(low: float = LOWEST, auto: bool = False) -> Described[[Value, Clock], float]:
    """A reader of rates from `low` on; with `auto`, also of that word and `source`, which give the clock's rate."""
    also = ", auto or source" if auto else ""
    expected = f"frames per second from {low:g} to {HIGHEST:g}, such as 24 or 24000/1001{also}"

    @described(_shape(low, expected, auto))
    def read(value: Value, clock: Clock) -> float:
        if auto and (auto_near(value) is not None or is_source(value)):
            return clock.fps
        fps = _rate(value, expected)
        if fps is None or not low <= fps <= HIGHEST:
            raise value.invalid(expected)
        return fps

    return read


def _shape(low: float, expected: str, auto: bool) -> Shape:
    pattern = f"{_FRACTION}|{_AUTO.pattern}|{SOURCE}" if auto else _FRACTION
    number = {"type": "number", "minimum": low, "maximum": HIGHEST}
    return one_of(
        number, {**written_as(pattern, expected), "examples": ["24000/1001", *(["auto", SOURCE] if auto else [])]}
    )


def _rate(value: Value, expected: str) -> float | None:
    scalar = value.scalar(expected)
    if isinstance(scalar, str):
        return float(Fraction(scalar.replace(" ", ""))) if re.fullmatch(_FRACTION, scalar.strip()) else None
    if isinstance(scalar, bool) or scalar is None:
        return None
    return float(NTSC.get(written(value), scalar))


def auto_near(value: Value) -> float | None:
    """The rate that `auto` or `auto 24` should stay near; None for any other value."""
    match = None if value.is_map or value.is_list else _AUTO.fullmatch(written(value))
    if match is None:
        return None
    near = float(match[1] or NEAR)
    return near if LOWEST <= near <= HIGHEST else None


def is_source(value: Value) -> bool:
    """Whether a value is the word `source`."""
    return not (value.is_map or value.is_list) and written(value) == SOURCE


def fitting(length: float, beat: Beat | None, near: float) -> float:
    """The rate nearest to `near` at which the length, and each of its equal parts, is a whole number of frames.

    The parts are bars if the length is a whole number of bars, else beats likewise, else the length as a whole.

    Args:
        length: in seconds.
    """
    parts = _parts(length, beat)
    frames = parts * max(1, round(near * length / parts))
    rate = Fraction(frames) / Fraction(length).limit_denominator(100_000)
    return float(exact(float(rate)))


def _parts(length: float, beat: Beat | None) -> int:
    if beat is not None:
        equal = _EQUAL[type(beat) is not Beat]
        for span in (beat.seconds * beat.beats_per_bar, beat.seconds):
            count = length / span
            if round(count) >= 1 and abs(count - round(count)) < equal:
                return round(count)
    return 1


def as_written(fps: float) -> str:
    """A rate in the notation of a schedule, as a fraction if that is short: `12`, `713/60 (11.8833)`, `11.98765`."""
    rate = exact(fps)
    if rate.denominator == 1:
        return str(rate)
    return f"{rate} ({fps:.6g})" if rate.denominator < 10_000 else f"{fps:.7g}"
