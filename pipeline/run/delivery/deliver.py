"""Makes every file that a run delivers from the frames in its folder."""

from collections.abc import Callable, Mapping

from pipeline.run.delivery.encoding import encode
from pipeline.run.delivery.sequence import collect
from pipeline.run.delivery.sinks import Delivery, Sink
from pipeline.run.delivery.upscaling import Upscaler
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.names import leftovers, paths
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.sections.output_video import Video
from pipeline.video import formats

SINKS: Mapping[str, Sink] = {"ffmpeg": encode, "sequence": collect}


def deliver(
    folder: RunFolder, plan: VideoPlan, count: int, binary: str, warn: Callable[[str], None] = lambda text: None
) -> None:
    """Make all files from the first `count` frames; `warn` gets a message if a file differs from what was requested.

    Raises:
        RunError: as `Sink` describes.
    """
    for video, path in zip(plan.videos, paths(folder.path, plan.videos), strict=True):
        sink = SINKS[formats.find(video.format).sink]
        sink(Delivery(folder=folder, plan=plan, count=count, video=video, path=path, binary=binary, warn=warn))
    if left := leftovers(folder.path, plan.videos):
        names = ", ".join(path.name for path in left)
        warn(f"{folder.path}: files of an earlier output.video, which may show other frames: {names}")


def require(videos: tuple[Video, ...]) -> None:
    """Check the requirements of the videos before hours of rendering. Raises `InputError`."""
    for path in {video.upscaler for video in videos if video.upscaler}:
        Upscaler(path)
