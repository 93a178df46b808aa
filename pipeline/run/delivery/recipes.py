"""From what is to be delivered to how it is made, and what it is called."""

from pipeline.schedule.sections.video import Video
from pipeline.video import formats
from pipeline.video.interpolation import between
from pipeline.video.platforms import PLACES, fitted
from pipeline.video.recipe import Recipe


def recipe(video: Video, size: tuple[int, int], fps: float | None = None) -> Recipe:
    """How frames of (width, height) pixels, `fps` a second, become the file; sound and notes are still to come."""
    made = formats.find(video.format).recipe(video.pix_fmt, crf=video.crf, bitrate=video.bitrate, preset=video.preset)
    wanted = shown_size(video, size)
    shaping = () if wanted == size else fitted(size, wanted, video.fit)
    rate = video.fps if video.fps != fps else None
    before = between(rate, video.interpolate) if rate else ()
    return Recipe(**{**vars(made), "filters": (*before, *shaping, *made.filters), "repeat": video.repeat, "rate": rate})


def shown_size(video: Video, size: tuple[int, int]) -> tuple[int, int]:
    """The size of the file's pictures, of frames of `size`."""
    return PLACES[video.place].size if video.place else video.size or size
