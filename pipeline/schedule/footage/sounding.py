"""Which clips are heard, and how fast their sound plays."""

import functools
from pathlib import Path

from pipeline.audio.decoding import probe
from pipeline.audio.samples import TEMPOS
from pipeline.curves.curve import Curve
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.footage.clip import Clip
from pipeline.schedule.footage.playing import Playing
from pipeline.schedule.footage.source import Source
from render.errors import InputError

_EQUAL = 1e-9


def pace(speed: Curve) -> float | None:
    """The constant speed at which a clip's sound plays; None if it is silent at this speed."""
    if not speed.is_constant:
        return None
    value = speed.keys[0].value
    if abs(value - 1) < _EQUAL:
        return 1.0
    return value if TEMPOS[0] <= value <= TEMPOS[1] else None


def is_heard(source: Source) -> bool:
    """Whether the schedule wants the sound of a source that has any."""
    return isinstance(source.shows, Playing) and source.sound and source.shows.clip.has_sound


def check_sound(source: Source, value: Value, clock: Clock) -> None:
    """Warn of sound that is left out, and refuse sound that cannot be read. `value` is the map of the source."""
    entries = value.entries()
    if not isinstance(source.shows, Playing) or not source.sound:
        return
    playing, asked = source.shows, entries.get("sound")
    if clock.track is not None:
        if asked is not None:
            clock.warn(asked, "has no effect: the track of music: is the video's sound")
        return
    if not playing.clip.has_sound:
        if asked is not None and not playing.clip.numbered:
            clock.warn(asked, f"has no effect: '{playing.clip.name}' has no sound")
        return
    _require(playing.clip, value)
    if pace(playing.speed) is None:
        low, high = TEMPOS
        message = f"the clip is silent at a speed that changes or is not from {low:g} to {high:g}"
        clock.warn(entries["speed"], f"{message}; sound: false says that this is meant")
    elif playing.end == "bounce" and playing.over_at(clock.frames) is not None:
        clock.warn(entries["end"], "the clip is silent once it has turned back; sound: false says that this is meant")


def _require(clip: Clip, value: Value) -> None:
    file = clip.files[0]
    if fault := _fault(file.path, file.sha256):
        raise InvalidError(value.entries()["video"], f"{fault}; sound: false renders it silent")


@functools.lru_cache(maxsize=256)
def _fault(path: Path, sha256: str) -> str:
    try:
        probe(path)
    except InputError as error:
        return str(error)
    return ""
