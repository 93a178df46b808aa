"""The sound of a video: pieces of the schedule's track or clips."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline.audio.cut import cut
from pipeline.audio.pieces import RATE, Piece
from pipeline.video.recipe import Sound


@contextmanager
def cut_sound(pieces: Sequence[Piece], seconds: float, video: Path, repeat: int = 1) -> Iterator[Sound | None]:
    """Yield the sound for `seconds` of video, `repeat` times, valid inside the context; None without any.

    Raises:
        RunError: a file can no longer be read.
    """
    if not any(piece.path for piece in pieces):
        yield None
        return
    with cut(pieces, seconds, video.resolve(), repeat) as (raw, channels):
        yield Sound(path=raw, rate=RATE, channels=channels)
