"""The sound of a video: its part of the schedule's track."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.audio.cut import RATE, cut
from pipeline.video.recipe import Sound


@contextmanager
def cut_sound(track: Path | None, start: float, seconds: float, video: Path, repeat: int = 1) -> Iterator[Sound | None]:
    """Yield the sound for `seconds` of video, `repeat` times, valid inside the context; None without a track.

    Raises:
        RunError: the track can no longer be read.
    """
    if track is None:
        yield None
        return
    with cut(track, start, seconds, video.resolve(), repeat) as (raw, channels):
        yield Sound(path=raw, rate=RATE, channels=channels)
