"""Entries of `music: {signals: ...}`: the source of a signal, and how the signal follows it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.audio.csv_midi import read_csv, read_midi
from pipeline.audio.decoding import RATE
from pipeline.audio.features import NOTES, WHOLE
from pipeline.audio.track import Track
from pipeline.curves.array import Array
from pipeline.curves.signals import Follow, Signal
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import files
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.readers import read_map, setting_readers
from pipeline.schedule.fields.shapes import Shape, described, one_of, section, setting, settings, two_of
from pipeline.schedule.fields.times import duration, lasting, seconds
from render.errors import InputError

WORDS = tuple(name for name in WHOLE if name not in NOTES)
SOURCES = ("of", "band", "chroma", "csv", "midi")

HIT = 0.15  # seconds in which a hit fades; if faster, frames would hardly show it
_SPAN = "a duration such as 180ms, of at most 60s"
_EXPECTED = f"one of {', '.join(WORDS)}, or a map such as {{band: [40, 120], release: 180ms}}"
_hertz = number(0, RATE / 2)


@described(two_of(_hertz))
def _band(value: Value, clock: Clock) -> tuple[float, float]:
    expected = f"two frequencies in Hz, the lower one first, up to {RATE // 2}, such as [40, 120]"
    edges = value.items(expected)
    if len(edges) != 2:
        raise value.invalid(expected)
    low, high = fields.read_each(_hertz, edges, clock)
    if low >= high:
        raise InvalidError(value, f"expected {expected}, got [{low:g}, {high:g}]")
    return low, high


@described(lasting(_SPAN), shown=seconds)
def _span(value: Value, clock: Clock) -> float:
    span = duration(value, clock, _SPAN)
    if span is None or not 0 <= span <= 60:
        raise value.invalid(_SPAN)
    return span


@described(fields.TEXT)
def _file(value: Value, clock: Clock) -> Path:
    return files.file(value, clock)


@described(fields.TEXT)
def track(value: Value, clock: Clock) -> Track:
    """An audio file."""
    try:
        return Track.open(files.file(value, clock))
    except InputError as error:
        raise InvalidError(value, str(error)) from error


@dataclass(frozen=True, kw_only=True)
class SignalSpec:
    """One signal as written: one of `SOURCES` selects its source; a stem without one is followed by its loudness."""

    file: Track | None = setting(track, None, "another track to analyse, such as a stem; it begins when the music does")
    of: str | None = setting(
        fields.choice(WORDS, "feature"),
        None,
        "a feature of the whole track; `loudness` by default for a `file`",
    )
    band: tuple[float, float] | None = setting(_band, None, "the loudness between two frequencies in Hz")
    chroma: str | None = setting(fields.choice(NOTES, "note"), None, "the loudness of a note, in all octaves")
    csv: Path | None = setting(_file, None, "a file of lines `seconds, value`")
    midi: Path | None = setting(_file, None, "a MIDI file: the velocity of every note that begins")
    column: int = setting(fields.integer(2, 1000), 2, "the column of the CSV with the values")
    note: int | None = setting(
        fields.integer(0, 127), None, "the only note of the MIDI file that counts; by default all"
    )
    attack: float = setting(_span, 0.0, "how long it takes to cover two thirds of a rise")
    release: float | None = setting(
        _span,
        None,
        "how long it takes to fall to one third; by default 150ms for `onset` and MIDI, whose hits are short, else 0s",
    )
    normalize: bool | None = setting(
        fields.flag, None, "scale its highest value to 1; by default on for audio, off for CSV and MIDI"
    )
    threshold: float = setting(number(0, 1), 0.0, "values below become 0, and it is subtracted from the others")

    @property
    def follow(self) -> Follow:
        """How the signal follows its feature."""
        own = self.csv is None and self.midi is None
        normalize = own if self.normalize is None else self.normalize
        release = HIT if self.of == "onset" or self.midi is not None else 0.0
        if self.release is not None:
            release = self.release
        return Follow(attack=self.attack, release=release, normalize=normalize, threshold=self.threshold)


_WORD = fields.choice(WORDS, "feature", _EXPECTED)
_ONE: Shape = one_of(_WORD.shape, section("signal", "a number that follows the music", settings(SignalSpec)))
SIGNALS: Shape = {
    "type": "object",
    "propertyNames": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z_0-9]*$"},
    "additionalProperties": _ONE,
}


def read_signal(value: Value, clock: Clock) -> SignalSpec:
    """Read an entry. Raises `InvalidError` if it does not select a source."""
    if not value.is_map:
        return SignalSpec(of=_WORD(value, clock))
    before = len(value.problems.found)
    spec = SignalSpec(**read_map(setting_readers(SignalSpec), value, clock))
    given = [name for name in SOURCES if name in value.entries()]
    if spec.file is not None and {"csv", "midi"} & {*given}:
        raise InvalidError(value, f"{given[0]} is a file of its own; remove file")
    enough = len(given) == 1 or (spec.file is not None and not given)
    if not enough and len(value.problems.found) == before:
        got = f", got {' and '.join(given)}" if given else ""
        raise InvalidError(value, f"expected one source, out of {', '.join(SOURCES)}{got}")
    return spec


def silent(clock: Clock) -> Signal:
    """A placeholder for a signal that could not be read."""
    return Signal(values=np.zeros(2), rate=1.0, fps=clock.fps)


def feature_of(spec: SignalSpec, track: Track | None, value: Value) -> Array:
    """The values to follow. Raises `InputError` if they cannot be read, `InvalidError` if there is no track."""
    if spec.csv is not None:
        return read_csv(spec.csv, spec.column)
    if spec.midi is not None:
        return read_midi(spec.midi, spec.note)
    track = spec.file or track
    if track is None:
        raise InvalidError(value, "needs a track, file: track.mp3 in music:")
    found = track.band(*spec.band) if spec.band else track.feature(spec.of or spec.chroma or "loudness")
    return np.append(found, 0.0)  # the value after the end of the track
