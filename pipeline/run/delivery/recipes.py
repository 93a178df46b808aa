"""Turns a schedule's settings for a file into the recipe for ffmpeg."""

from pipeline.schedule.sections.output_video import Video
from pipeline.video import formats
from pipeline.video.interpolation import interpolated
from pipeline.video.platforms import PLATFORMS, fitted
from pipeline.video.recipe import Recipe


def recipe(video: Video, size: tuple[int, int], fps: float | None = None) -> Recipe:
    """The recipe for frames of `size` (width, height) in pixels at `fps`, without sound, subtitles and notes."""
    made = formats.find(video.format).recipe(video.pix_fmt, crf=video.crf, bitrate=video.bitrate, preset=video.preset)
    wanted = shown_size(video, size)
    shaping = () if wanted == size else fitted(size, wanted, video.fit)
    rate = video.fps if video.fps != fps else None
    rate_filters = interpolated(rate, video.interpolate) if rate else ()
    return Recipe(
        **{**vars(made), "filters": (*rate_filters, *shaping, *made.filters), "repeat": video.repeat, "rate": rate}
    )


def shown_size(video: Video, size: tuple[int, int]) -> tuple[int, int]:
    """The (width, height) of the pictures in the file, given frames of `size`."""
    return PLATFORMS[video.place].size if video.place else video.size or size
