"""What is heard of the schedule's clips, shot by shot."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pipeline.audio.pieces import Piece, joined
from pipeline.schedule.footage.playing import Playing
from pipeline.schedule.footage.sounding import is_heard, pace
from pipeline.schedule.footage.source import Source
from pipeline.schedule.over_time.footage import continues
from pipeline.schedule.schedule import Schedule
from render.spec.pictures import ImageFile


def sound_of_clips(schedule: Schedule) -> tuple[Piece, ...]:
    """The sound of the shots' clips, in pieces; empty if none is heard, or the schedule has a track."""
    if schedule.music.path is not None:
        return ()
    pieces = joined(_pieces(schedule))
    return pieces if any(piece.path for piece in pieces) else ()


def clips_heard(schedule: Schedule) -> Iterator[ImageFile]:
    """The files of the shots' clips whose sound is wanted."""
    for shot in schedule.shots:
        source: Source | None = shot.sections["source"]
        if source is not None and isinstance(source.shows, Playing) and is_heard(source):
            yield source.shows.clip.files[0]


def _pieces(schedule: Schedule) -> Iterator[Piece]:
    """One piece per shot. A piece begins with the shot's first frame, which may be a little after the shot's time."""
    fps, count = schedule.output.fps, schedule.output.num_frames
    starts = [shot.start for shot in schedule.shots]
    frames = [min(count, math.ceil(start * fps - 1e-6)) for start in starts]
    before: Playing | None = None
    passed = 0.0
    for number, shot in enumerate(schedule.shots):
        until = frames[number + 1] / fps if number + 1 < len(frames) else count / fps
        source: Source | None = shot.sections["source"]
        shows = source.shows if source is not None and isinstance(source.shows, Playing) else None
        passed = passed if shows is not None and continues(shows, before) else 0.0
        yield _piece(source, passed, frames[number] / fps - shot.start, until)
        before = shows
        if shows is not None and number + 1 < len(starts):
            passed += float(shows.played(np.array([starts[number + 1] - shot.start]))[0])


def _piece(source: Source | None, passed: float, since: float, until: float) -> Piece:
    """What is heard in a shot from `since` seconds after its start, when `passed` seconds of the clip were played."""
    silent = Piece(until=until)
    if source is None or not isinstance(source.shows, Playing) or not is_heard(source):
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
    start = whole.after((passed + since * speed) / speed)
    return silent if start >= end else replace(whole, start=start)
