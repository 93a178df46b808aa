"""What a video sounds with: its part of the schedule's track."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.audio.cut import RATE, cut
from pipeline.video.recipe import Sound


@contextmanager
def sounding(track: Path | None, start: float, seconds: float, video: Path, repeat: int = 1) -> Iterator[Sound | None]:
    """The sound of `seconds` of video, so often, while it is made; None where there is no track. Raises `RunError`."""
    if track is None:
        yield None
        return
    with cut(track, start, seconds, video.resolve(), repeat) as (raw, channels):
        yield Sound(path=raw, rate=RATE, channels=channels)
