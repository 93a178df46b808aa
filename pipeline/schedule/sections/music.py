"""The section `music:`: the track, the positions of its beats, and the signals that expressions follow."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.audio.onsets import FRAMES
from pipeline.audio.track import Track
from pipeline.curves.beat_grid import Beat, BeatGrid
from pipeline.curves.signals import Signal
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError, Problems
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.keyframes import by_time, keyed
from pipeline.schedule.fields.names import named
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.readers import read_entry, read_map, setting_readers
from pipeline.schedule.fields.shapes import Shape, described, one_of, section, setting, settings
from pipeline.schedule.fields.times import duration, lasting, seconds
from pipeline.schedule.sections import Section, reader_of
from pipeline.schedule.sections.music_signals import SIGNALS, SignalSpec, feature_of, read_signal, silent, track
from render.errors import InputError

AUTO = "auto"
MAX_SIGNALS = 64

_OUT_OF_STEP = 1.0  # seconds by which a stem's length may differ: silence at its end is often cut off
_EARLY = 0.01  # seconds by which a beat may precede the start and still count as in the video
_OFFSET = "a duration such as 0.25s"
_NO_STEADY_BEAT = "beats and bars can be used here only if bpm is a single number such as 124; write seconds instead"
_NO_FILE = "needs a track, file: track.mp3"

_bpm = number(1, 1000)
_BPM: Shape = one_of(_bpm.shape, {"const": AUTO}, keyed(_bpm.shape))


@described(_BPM)
def _beats_per_minute(value: Value, clock: Clock) -> float | str | dict[float, float]:
    if value.is_map:
        return by_time(value, dataclasses.replace(clock, length=1e9), lambda at, entry: _bpm(entry, clock))
    if value.scalar("a number of beats per minute, auto, or a map of times") == AUTO:
        return AUTO
    return _bpm(value, clock)


@described(lasting(_OFFSET), shown=seconds)
def _offset(value: Value, clock: Clock) -> float:
    offset = duration(value, clock, _OFFSET)
    if offset is None or not 0 <= offset < 1e6:
        raise value.invalid(_OFFSET)
    return offset


@described(SIGNALS)
def _signals(value: Value, clock: Clock) -> Value:
    return value  # they are read once the track is known


@dataclass(frozen=True, kw_only=True)
class Music:
    """The music that the picture follows.

    Attributes:
        beat: where beats and bars lie; None if that is not specified.
        length: how long the track continues after the video's start, in seconds; None without a track.
        signals: by name.
        section_markers: when the track's sections begin, by marker, in seconds of the video.
    """

    file: Track | None = setting(track, None, "a track, in any format; it becomes the sound of the video")
    start: float = setting(_offset, 0.0, "the time in the track at which the video begins")
    bpm: float | str | dict[float, float] | None = setting(
        _beats_per_minute,
        None,
        "beats per minute; `auto` finds every beat of the track; a map of times if the tempo changes",
    )
    beats_per_bar: int = setting(fields.integer(1, 64), 4, "beats in a bar")
    offset: float = setting(
        _offset,
        0.0,
        "the time of beat 0; with `auto` the beat nearest to it, by default the first one that begins a bar",
    )
    sections: bool = setting(
        fields.flag, False, "find the track's sections: markers `@section_1`, `@section_2` and so on"
    )
    signals: Mapping[str, Signal] | None = setting(
        _signals, None, "names for features of the music that expressions can use"
    )
    beat: Beat | None = None
    length: float | None = None
    section_markers: Mapping[str, float] = field(default_factory=dict)

    @property
    def path(self) -> Path | None:
        """The path of the track's file."""
        return self.file.path if self.file else None


def read_music(value: Value, clock: Clock) -> Music:
    """Read the section `music:`, analysing the track if required; problems are collected."""
    before = len(value.problems.found)
    entries = _entries(value)
    signals = named(entries["signals"], "a signal") if "signals" in entries and entries["signals"].is_map else {}
    music = Music(**read_map(setting_readers(Music), value, _with_steady_beat(entries, clock)))
    music = dataclasses.replace(music, signals={name: silent(clock) for name in signals})
    if len(value.problems.found) > before:
        return music
    if len(signals) > MAX_SIGNALS:
        raise InvalidError(entries["signals"], f"expected at most {MAX_SIGNALS} signals, got {len(signals)}")
    for name in ("start", "sections"):
        if name in entries and music.file is None:
            value.problems.add(InvalidError(entries[name], _NO_FILE))
    with value.problems.collecting():
        music = _analysed(music, value, clock)
    return dataclasses.replace(music, signals=_signals_of(music, signals, dataclasses.replace(clock, beat=music.beat)))


def _with_steady_beat(entries: Mapping[str, Value], clock: Clock) -> Clock:
    """The clock for reading the section itself: it has beats only if `bpm` alone determines their length."""
    if "bpm" not in entries:
        return clock
    quiet = {name: dataclasses.replace(entry, problems=Problems("")) for name, entry in entries.items()}
    bpm = None if quiet["bpm"].is_map else read_entry(_bpm, quiet, "bpm", clock, default=None)
    per_bar = read_entry(fields.integer(1, 64), quiet, "beats_per_bar", clock, default=4)
    if bpm is None:
        known = quiet["bpm"].is_map or fields.written(quiet["bpm"]) == AUTO  # else the tempo itself is invalid
        return dataclasses.replace(clock, no_beat=_NO_STEADY_BEAT, known=clock.known and known)
    return dataclasses.replace(clock, beat=Beat(bpm=bpm, beats_per_bar=per_bar))


def _entries(value: Value) -> dict[str, Value]:
    """The nodes of the section's entries; their problems are collected with the section's."""
    return {name: dataclasses.replace(entry, problems=value.problems) for name, entry in value.entries().items()}


def _analysed(music: Music, value: Value, clock: Clock) -> Music:
    """The music with its length, beats and sections, from an analysis of the track if required."""
    place = _entries(value)
    try:
        if (track := music.file) is not None:
            music = dataclasses.replace(music, length=track.seconds - music.start)
            if track.seconds <= music.start:
                raise InvalidError(place["start"], f"is after the end of the track at {track.seconds:.4g} s")
        music = dataclasses.replace(music, beat=_beat(music, place, clock))
        return dataclasses.replace(music, section_markers=_section_markers(music))
    except InputError as error:
        raise InvalidError(place["file"], str(error)) from error


def _beat(music: Music, place: Mapping[str, Value], clock: Clock) -> Beat | None:
    if music.bpm == AUTO:
        if music.file is None:
            raise InvalidError(place["bpm"], f"auto {_NO_FILE}; or write a number")
        return _found(music, music.file, place)
    if isinstance(music.bpm, dict):
        return _mapped(music.bpm, music, place["bpm"])
    if music.bpm is None:
        return None
    return Beat(bpm=float(music.bpm), beats_per_bar=music.beats_per_bar, offset=music.offset)


def _found(music: Music, track: Track, place: Mapping[str, Value]) -> Beat:
    """The beats detected in the track, on the video's clock."""
    per_bar = music.beats_per_bar
    beats = track.beats(per_bar)
    times = beats.times - music.start
    if len(times) < 2:
        raise InvalidError(
            place["bpm"], f"no beats can be found in '{track.path.name}'; write a number of beats per minute"
        )
    if "offset" in place:
        zero = int(np.abs(times - music.offset).argmin())
    else:  # beat 0 begins the first whole bar of the video
        first = int(np.searchsorted(times, -_EARLY))
        zero = beats.downbeat + max(0, -(-(first - beats.downbeat) // per_bar)) * per_bar
    knots = [(float(time), float(count - zero)) for count, time in enumerate(times)]
    return BeatGrid.of(knots, per_bar)


def _mapped(tempos: dict[float, float], music: Music, value: Value) -> Beat:
    """Beats at tempos that each hold until the next one's time; beat 0 is at the offset."""
    times, bpms = list(tempos), list(tempos.values())
    if not times:
        raise value.invalid("a map of times to beats per minute")
    if times[0] > 0:
        times, bpms = [0.0, *times], [bpms[0], *bpms]
    ends = [*times[1:], times[-1] + 60.0]
    counts = np.cumsum([0.0, *((end - time) * bpm / 60 for time, end, bpm in zip(times, ends, bpms, strict=True))])
    grid = BeatGrid.of(list(zip([*times, ends[-1]], counts.tolist(), strict=True)), music.beats_per_bar)
    zero = float(grid.beats_at(np.array(music.offset)))
    return BeatGrid.of([(time, count - zero) for time, count in grid.knots], music.beats_per_bar)


def _section_markers(music: Music) -> dict[str, float]:
    if music.file is None or not music.sections:
        return {}
    beats = music.file.beats(music.beats_per_bar)
    starts = music.file.sections(beats, music.beats_per_bar) - music.start
    return {f"section_{count}": max(0.0, float(at)) for count, at in enumerate(starts, start=1)}


def _signals_of(music: Music, signals: Mapping[str, Value], clock: Clock) -> dict[str, Signal]:
    """Every signal, on the video's clock; one that cannot be read is collected as a problem and silent."""
    found: dict[str, Signal] = {}
    tracks = {music.file.digest: music.file} if music.file else {}  # so that each is decoded only once
    for name, value in signals.items():
        found[name] = silent(clock)
        with value.problems.collecting():
            spec: SignalSpec = read_signal(value, clock)
            if spec.file is not None:
                spec = dataclasses.replace(spec, file=tracks.setdefault(spec.file.digest, spec.file))
            try:
                feature = feature_of(spec, music.file, value)
            except InputError as error:
                raise InvalidError(value, str(error)) from error
            _compare(spec, music, value, clock)
            values = spec.follow(feature, FRAMES)
            found[name] = Signal(values=values, rate=FRAMES, fps=clock.fps, start=music.start)
    return found


def _compare(spec: SignalSpec, music: Music, value: Value, clock: Clock) -> None:
    """Warn of a stem that is not as long as the music: most likely it was cut differently, so it is out of step."""
    if spec.file is None or music.file is None:
        return
    stem, whole = spec.file.seconds, music.file.seconds
    if abs(stem - whole) > _OUT_OF_STEP:
        message = f"'{spec.file.path.name}' lasts {stem:.4g} s and the music {whole:.4g} s"
        clock.warn(_entries(value)["file"], f"{message}; both must begin at the same time")


def _clock(music: Music, clock: Clock) -> Clock:
    clock = dataclasses.replace(clock, beat=music.beat, track=music.length, markers=music.section_markers)
    return clock.with_names(signals=music.signals or {})


SECTION = Section(
    position=100,
    shape=lambda: section("music", "the track: its beats and bars, and signals for expressions", settings(Music)),
    read=reader_of("music", read_music, Music()),
    clock=_clock,
    settings=lambda: settings(Music),
    nested={"signals": lambda: settings(SignalSpec)},
    misplaced={"bpm": "bpm"},
)
