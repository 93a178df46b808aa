"""What is heard in the video: the track of `music:`, or else the sound of the clips."""

from typing import Any

from pipeline.audio.pieces import Piece
from pipeline.schedule.over_time.sound import clips_heard, sound_of_shots
from pipeline.schedule.schedule import Schedule


def sound_of_clips(schedule: Schedule) -> tuple[Piece, ...]:
    """The sound of the schedule's clips, in pieces; empty if none is heard, or there is a track."""
    if schedule.music.path is not None:
        return ()
    return sound_of_shots(schedule.shots, schedule.output.fps, schedule.output.num_frames)


def identity(schedule: Schedule) -> Any:
    """What determines the video's sound, in the form in which JSON returns it; None if it is silent."""
    if music := schedule.music.file:
        return {"sha256": music.digest, "start": schedule.music.start}
    digests = {str(file.path): file.sha256 for file in clips_heard(schedule.shots)}
    pieces = [vars(piece) for piece in sound_of_clips(schedule)]
    return [{**piece, "path": piece["path"] and digests[piece["path"]]} for piece in pieces] or None
