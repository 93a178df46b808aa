"""`output: {length: source, fps: source}`: what clips say of the video, read ahead of all that needs its length.

Nothing of a source depends on that length but times in it such as 50%, which are refused here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
import yaml

from pipeline.curves.rates import NTSC
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.overrides import key_name, merged_under
from pipeline.schedule.document.problems import InvalidError, Problems
from pipeline.schedule.fields.clock import Clock, Diagnostics
from pipeline.schedule.fields.frame_rate import HIGHEST, LOWEST, as_written
from pipeline.schedule.footage.playing import Playing
from pipeline.schedule.sections import Reading, replaced_as_a_whole, rivals, source
from render.errors import InputError

_COMMON = (8, 10, 12, 15, 24, 25, 30, 48, 50, 60, 100, 120)
STANDARD = tuple(sorted({*map(Fraction, _COMMON), *NTSC.values()}))
"""Frame rates that players and platforms expect; a clip whose rate varies gets the nearest one."""

_EQUAL = 2e-4  # relative difference up to which a clip has a standard rate that its container has rounded
_FIRST, _MOST = 1 << 10, 1_000_000  # frames among which the clip's end is looked for
_LENGTHS = 1000.0, 2000.0  # of two videos in which the clip must play alike, in seconds
_NEEDS = "needs source: {video: clip.mp4}; a clip of motion.flow does not count"


def rate(entries: Mapping[str, Value], value: Value) -> tuple[float, str]:
    """The frame rate of the schedule's clip, and a message if it is not exactly that; `value` is where `fps` stands.

    It is that of the source at the top, or of the shots' own, which must then agree.

    Raises:
        InvalidError: there is no clip, or there are several rates.
    """
    rates: dict[float, tuple[str, str]] = {}
    for entry in _all(entries):
        clock = Clock(fps=1.0, length=_LENGTHS[0])
        clip = _playing({}, entry, clock, value).clip
        if clip.numbered and "fps" not in entry.entries():
            raise InvalidError(value, "numbered pictures have no rate of their own; write fps: 24 here or in source")
        near = min(STANDARD, key=lambda fps: abs(fps / clip.fps - 1))
        fps = near if not clip.constant or abs(near / clip.fps - 1) < _EQUAL else clip.fps
        if not LOWEST <= fps <= HIGHEST:
            raise InvalidError(value, f"'{clip.name}' has {float(fps):.6g}; expected from {LOWEST:g} to {HIGHEST:g}")
        told = f"the rate of '{clip.name}' varies around {float(clip.fps):.4g}; the video has {as_written(float(near))}"
        rates.setdefault(float(fps), (clip.name, "" if clip.constant else told))
    if not rates:
        raise InvalidError(value, _NEEDS)
    if len(rates) > 1:
        listed = ", ".join(f"'{name}' has {as_written(fps)}" for fps, (name, _) in rates.items())
        raise InvalidError(value, f"the shots' clips have different rates: {listed}; write a number")
    ((found, (_, message)),) = rates.items()
    return found, message


def _all(entries: Mapping[str, Value]) -> Iterator[Value]:
    """The source at the top, or without one those of the shots."""
    shots = entries.get("shots")
    if source.KEY in entries:
        yield entries[source.KEY]
        return
    for item in shots.items("a list of shots") if shots is not None and shots.is_list else ():
        own = item.entries().get(source.KEY)
        if own is not None and own.is_map:
            yield Value(own.node, own.path, item.problems)


def length(entries: Mapping[str, Value], value: Value, clock: Clock) -> float:
    """How long the source at the top plays until its clip is over, in seconds; `value` is where `length` stands.

    Raises:
        InvalidError: there is no clip, or it is never over.
    """
    if source.KEY not in entries:
        raise InvalidError(value, _NEEDS)
    clocks = [replace(clock, length=seconds) for seconds in _LENGTHS]
    playing = _agreed([_playing({}, entries[source.KEY], one, value) for one in clocks], value)
    return _until_over(playing, 0.0, clock, value)


class ShotSources:
    """The lengths of shots that last as long as their clips; told of every shot in order, since clips go on.

    Args:
        entries: of the top.
    """

    def __init__(self, entries: Mapping[str, Value], clock: Clock) -> None:
        self._top = {source.KEY: entries[source.KEY]} if source.KEY in entries else {}
        self._clocks = [replace(clock, length=seconds) for seconds in _LENGTHS]
        self._before: Playing | None = None
        self._passed = 0.0

    def length(self, item: Value, value: Value) -> float:
        """How long a shot's clip goes on; `value` is where its `length` stands. Raises `InvalidError`."""
        entry = self._entry(item)
        if entry is None:
            raise InvalidError(value, _NEEDS)
        playing = _agreed([_playing(self._top, entry, clock, value) for clock in self._clocks], value)
        return _until_over(playing, self._passed_before(playing), self._clocks[0], value)

    def go_on(self, item: Value, seconds: float) -> None:
        """Go on to the next shot after one that lasts so long."""
        entry, playing = self._entry(item), None
        try:
            if entry is not None and entry.is_map:
                playing = _playing(self._top, entry, self._clocks[0], entry)
                self._passed = self._passed_before(playing) + float(playing.played(np.array([seconds]))[0])
        except InputError:  # a still, or it is reported when its section is read
            playing = None
        self._before = playing

    def _passed_before(self, playing: Playing) -> float:
        before = self._before
        return self._passed if playing.goes_on and before is not None and before.clip == playing.clip else 0.0

    def _entry(self, item: Value) -> Value | None:
        """The source of a shot, filled in from the top."""
        if not isinstance(item.node, yaml.MappingNode):
            return None
        mark = item.node.start_mark
        own = yaml.MappingNode("", [pair for pair in item.node.value if key_name(pair[0]) == source.KEY], mark)
        merged = merged_under(own, _document(self._top, item).node, replaced_as_a_whole(), rivals())
        entry = Value(merged, item.path, item.problems).entries().get(source.KEY)
        return None if entry is None else Value(entry.node, entry.path, item.problems)


def _document(top: Mapping[str, Value], like: Value) -> Value:
    """A document of these sections alone."""
    mark = like.node.start_mark
    pairs = [(yaml.ScalarNode("", name, mark), entry.node) for name, entry in top.items()]
    return Value(yaml.MappingNode("", pairs, mark), "", like.problems)


def _playing(top: Mapping[str, Value], entry: Value, clock: Clock, value: Value) -> Playing:
    """The clip of a source, read without reporting its problems; `value` is what needs it. Raises `InvalidError`."""
    problems = Problems(entry.problems.file, allow_paths=entry.problems.allow_paths)
    quiet = replace(clock, diagnostics=Diagnostics())
    entries = {source.KEY: Value(entry.node, entry.path, problems)}
    assert source.SECTION.read is not None
    found = source.SECTION.read(Reading(document=_document(top, entry), entries=entries, clock=quiet))
    if problems.found:
        first = problems.found[0]
        raise InvalidError(value, f"needs a clip, but {first.path}: {first.message}")
    if found is None:
        raise InvalidError(value, _NEEDS)
    if not isinstance(found.shows, Playing):
        raise InvalidError(value, f"needs a clip; a still such as '{found.shows.name}' has neither length nor rate")
    return found.shows


def _until_over(playing: Playing, passed: float, clock: Clock, value: Value) -> float:
    """How long a clip plays until it is over, in seconds, after `passed` seconds of it were played."""
    clip, name = playing.clip, playing.clip.name
    begin = float(clip.times[playing.begin]) + passed
    if not playing.speed.is_constant:
        return _found(playing, passed, clock, value)
    speed = playing.speed.keys[0].value
    if speed == 0:
        raise InvalidError(value, f"'{name}' stands still and is never over: its speed is 0")
    left = (clip.length - begin) / speed if speed > 0 else (begin + clip.duration(0)) / -speed
    if left * clock.fps < 0.5:
        raise InvalidError(value, f"nothing is left of '{name}', which is over before")
    return left


def _found(playing: Playing, passed: float, clock: Clock, value: Value) -> float:
    """The first frame at which nothing is left of a clip whose speed changes, in seconds."""
    count = _FIRST
    while True:
        over = playing.over_at(np.arange(1, min(count, _MOST) + 1) / clock.fps, passed)
        if over is not None:
            return over
        if count >= _MOST:
            raise InvalidError(value, f"'{playing.clip.name}' is never over at this speed")
        count *= 4


def _agreed(found: list[Playing], value: Value) -> Playing:
    """The clip as it plays in a video of any length. Raises `InvalidError` if its speed depends on the length."""
    one, other = (playing.speed.sample(np.linspace(0, min(_LENGTHS), 2001)) for playing in found)
    if not np.array_equal(one, other, equal_nan=True):
        message = "the source's speed depends on this length in turn; write its times in seconds of the video"
        raise InvalidError(value, message)
    return found[0]
