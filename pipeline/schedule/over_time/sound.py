"""What is heard of the schedule's clips, shot by shot."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from pipeline.audio.pieces import Piece, joined
from pipeline.schedule.footage.playing import Playing
from pipeline.schedule.footage.sounding import is_heard, pace
from pipeline.schedule.footage.source import Source
from pipeline.schedule.over_time.played import Played, played_in
from pipeline.schedule.sections.shots import Shot
from render.spec.pictures import ImageFile


def sound_of_shots(shots: Sequence[Shot], fps: float, count: int) -> tuple[Piece, ...]:
    """The sound of the shots' clips, in pieces, for `count` frames at `fps`; empty if none is heard."""
    pieces = joined(_pieces(shots, fps, count))
    return pieces if any(piece.path for piece in pieces) else ()


def clips_heard(shots: Sequence[Shot]) -> Iterator[ImageFile]:
    """The files of the shots' clips whose sound is wanted."""
    for shot in shots:
        source: Source | None = shot.sections["source"]
        if source is not None and isinstance(source.shows, Playing) and is_heard(source):
            yield source.shows.clip.files[0]


def _pieces(shots: Sequence[Shot], fps: float, count: int) -> Iterator[Piece]:
    """What is heard in each shot, from its first frame on, which may be a little after the shot begins."""
    times = np.arange(count) / fps
    numbers = np.clip(np.searchsorted([shot.start for shot in shots], times, side="right") - 1, 0, None)
    at = 0.0
    for own in played_in(shots, [shot.sections["source"] for shot in shots], times, numbers):
        if len(own.frames):
            if (begin := own.frames[0] / fps) > at:
                yield Piece(until=float(begin))
            at = float((own.frames[-1] + 1) / fps)
            yield _piece(own, at)


def _piece(own: Played, until: float) -> Piece:
    """What is heard in a shot, until the given second of the video."""
    silent, source = Piece(until=until), own.part
    if not isinstance(source, Source) or not isinstance(source.shows, Playing) or not is_heard(source):
        return silent
    playing, speed = source.shows, pace(source.shows.speed)
    if speed is None:
        return silent
    begin, end = float(playing.clip.times[playing.begin]), playing.clip.length
    whole = Piece(
        until=until,
        path=str(playing.clip.files[0].path),
        clip=True,
        start=begin,
        stop=end,
        again=begin if playing.end == "repeat" else None,
        speed=speed,
    )
    start = whole.after(own.passed / speed + float(own.times[0]))
    return silent if start >= end else replace(whole, start=start)
