"""The music that the picture keeps time with: so far, where its beats lie."""

from dataclasses import dataclass

from pipeline import fields
from pipeline.document import InvalidError, Value
from pipeline.expressions import Beat
from pipeline.fields import Clock, read_map, setting_readers
from pipeline.quantities import number
from pipeline.shapes import described, setting
from pipeline.times import duration, lasting, seconds

LATER = "is part of the language, but this version cannot read it yet"

_OFFSET = "a duration such as 0.25s"

_bpm = number(1, 1000)


@described(_bpm.shape)
def _beats_per_minute(value: Value, clock: Clock) -> float:
    if value.scalar("a number of beats per minute") == "auto":
        raise InvalidError(value, LATER)
    return _bpm(value, clock)


@described(lasting(_OFFSET), shown=seconds)
def _offset(value: Value, clock: Clock) -> float:
    offset = duration(value, clock, _OFFSET)
    if offset is None or not 0 <= offset < 1e6:
        raise value.invalid(_OFFSET)
    return offset


@dataclass(frozen=True, kw_only=True)
class Music:
    """What beats and bars are counted by."""

    bpm: float | None = setting(_beats_per_minute, None, "beats per minute")
    beats_per_bar: int = setting(fields.integer(1, 64), 4, "beats in a bar")
    offset: float = setting(_offset, 0.0, "when beat 0 falls")

    @property
    def beat(self) -> Beat | None:
        if self.bpm is None:
            return None
        return Beat(bpm=self.bpm, beats_per_bar=self.beats_per_bar, offset=self.offset)


def read_music(value: Value, clock: Clock) -> Music:
    """Read the section `music:`; what is wrong is noted."""
    later = dict.fromkeys(("file", "signals"), _later)
    return Music(**read_map({**setting_readers(Music), **later}, value, clock))


def _later(value: Value, clock: Clock) -> None:
    raise InvalidError(value, LATER)
