"""Checks finished files: their kind, and the lengths of their pictures and sound."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.run.folder.names import paths
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.sections.output_video import Video
from pipeline.video import formats
from pipeline.video.measuring import measured
from render.errors import EncodingError


def faults(folder: Path, plan: VideoPlan, binary: str) -> Iterator[tuple[Path, str]]:
    """Yield the path of every delivered file with a fault, such as a wrong length, and one sentence about it.

    Missing files are skipped.

    Args:
        folder: the run's folder, which contains the files.
        binary: path of the ffmpeg that reads the files.
    """
    shown = len(plan.shown(plan.frames))
    for video, path in zip(plan.videos, paths(folder, plan.videos), strict=True):
        seconds = shown * video.repeat / plan.fps
        if path.is_file() and (fault := _fault(video, path, plan, seconds, binary)):
            yield path, f"{path}: {fault}; render assemble {folder} makes it again"


def _fault(video: Video, path: Path, plan: VideoPlan, seconds: float, binary: str) -> str:
    known = formats.find(video.format)
    if not known.container.is_whole(path):
        return f"is not a whole {video.format} file"
    try:
        lengths = measured(binary, path, known.container)
    except EncodingError as error:
        return str(error).removeprefix(f"{path}: ")
    sounds = bool(plan.heard and known.sound)
    return lengths.fault(seconds, video.fps or plan.fps, sounds)
