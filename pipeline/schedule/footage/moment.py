"""Reads a time in a clip, such as 2s, 1:30.5, 48f or 50%."""

import re
from dataclasses import dataclass

import numpy as np

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.readers import written
from pipeline.schedule.fields.shapes import described, one_of, written_as
from pipeline.schedule.fields.times import MAX_TEXT, seconds, span
from pipeline.schedule.footage.clip import EARLY, Clip

EXPECTED = "a time in the clip such as 2s, 1:30.5, 48f (its picture 48), 50%, end or end-2s"
_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_TIMECODE = re.compile(r"(?:([0-9]{1,3}):)?([0-9]{1,3}):([0-9]{1,2}(?:\.[0-9]*)?)")
_PERCENT = re.compile(rf"({_NUMBER})\s*%")
_PICTURE = re.compile(r"([0-9]{1,9})\s*f")
_FROM_END = re.compile(r"end\s*(?:-\s*(.+))?")
_LASTING = rf"(?=[0-9.])(?:{_NUMBER}\s*m)?\s*(?:{_NUMBER}\s*s)?\s*(?:{_NUMBER}\s*ms)?"
_SHAPE = one_of(
    {"const": 0},
    written_as(
        rf"{_LASTING}|(?:[0-9]{{1,3}}:)?[0-9]{{1,3}}:[0-9]{{1,2}}(?:\.[0-9]*)?|{_NUMBER}\s*%|[0-9]{{1,9}}\s*f"
        rf"|end(?:\s*-\s*{_LASTING})?",
        EXPECTED,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A time in a clip that is not known yet.

    Attributes:
        value: where it is written.
        amount: how many of `unit`: "s", "%", "f" for pictures, or "end" for seconds before the end.
    """

    value: Value
    amount: float
    unit: str

    def number(self, clip: Clip) -> int:
        """The number of the picture that the clip shows then. Raises `InvalidError` if it is past the end."""
        if self.unit == "f":
            if self.amount >= len(clip):
                raise self._outside(f"{len(clip):,} pictures, from 0f to {len(clip) - 1}f")
            return int(self.amount)
        at = self._seconds(clip)
        last = len(clip) - 1
        if self.unit in ("%", "end") and 0 <= at <= clip.length:
            return int(clip.at(np.array(at)))
        if not 0 <= at < clip.length - EARLY * clip.duration(last):
            raise self._outside(f"{clip.length:.4g} s")
        return int(clip.at(np.array(at)))

    def _seconds(self, clip: Clip) -> float:
        if self.unit == "%":
            return self.amount / 100 * clip.length
        return clip.length - self.amount if self.unit == "end" else self.amount

    def _outside(self, have: str) -> InvalidError:
        side = "before the beginning" if self.unit == "end" else "past the end"
        return InvalidError(self.value, f"'{written(self.value)}' is {side}: the clip has {have}")


@described(_SHAPE)
def moment(value: Value, clock: Clock) -> Moment:
    """Read a time in a clip."""
    scalar = value.scalar(EXPECTED)
    text = written(value)
    if scalar == 0 and not isinstance(scalar, bool):
        return Moment(value=value, amount=0.0, unit="s")
    if isinstance(scalar, int | float) and not isinstance(scalar, bool) and scalar > 0:
        raise value.invalid(f"{EXPECTED}: write {text}f for a picture, or {text}s for seconds")
    found = _parsed(text) if isinstance(scalar, str) and len(text) <= MAX_TEXT else None
    if found is None:
        raise value.invalid(EXPECTED)
    return Moment(value=value, amount=found[0], unit=found[1])


def _parsed(text: str) -> tuple[float, str] | None:
    if match := _PERCENT.fullmatch(text):
        return (float(match[1]), "%") if float(match[1]) <= 100 else None
    if match := _PICTURE.fullmatch(text):
        return float(match[1]), "f"
    if match := _TIMECODE.fullmatch(text):
        return int(match[1] or 0) * 3600 + int(match[2]) * 60 + float(match[3]), "s"
    if match := _FROM_END.fullmatch(text):
        before = span(match[1].strip()) if match[1] else 0.0
        return None if before is None else (before, "end")
    at = span(text)
    return None if at is None else (at, "s")


def as_written(at: float) -> str:
    """A time in a clip in the notation of a schedule."""
    return seconds(round(at, 3))
