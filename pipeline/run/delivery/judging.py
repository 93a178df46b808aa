"""Finished files, judged by how long their pictures and their sound last."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.run.delivery.recipes import recipe
from pipeline.run.folder.names import paths
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.sections.video import Video
from pipeline.video.containers import is_whole
from pipeline.video.formats import FORMATS
from pipeline.video.measuring import measured
from render.errors import EncodingError


def faults(folder: Path, plan: VideoPlan, binary: str) -> Iterator[tuple[Path, str]]:
    """The path of every delivered file that does not last as long as the plan says, and one sentence about it.

    Files that are not there are left out.

    Args:
        folder: in which they lie.
        binary: the ffmpeg to read them with.
    """
    shown = len(plan.shown(plan.frames))
    for video, path in zip(plan.videos, paths(folder, plan.videos), strict=True):
        seconds = shown * video.repeat / plan.fps
        if path.is_file() and (fault := _fault(video, path, plan, seconds, binary)):
            yield path, f"{path}: {fault}; render assemble {folder} makes it again"


def _fault(video: Video, path: Path, plan: VideoPlan, seconds: float, binary: str) -> str:
    made = recipe(video, plan.size, plan.fps)
    if not is_whole(path, made):
        return f"is not a whole {video.format} file"
    try:
        lengths = measured(binary, path, str(made.options["f"]))
    except EncodingError as error:
        return str(error).removeprefix(f"{path}: ")
    sounds = plan.source is not None and bool(FORMATS[video.format].sound)
    return lengths.fault(seconds, video.fps or plan.fps, sounds)
