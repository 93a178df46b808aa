"""Turns a schedule's settings for a file into the recipe for ffmpeg, and prepares what every sink needs."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.run.delivery.sinks import Delivery
from pipeline.run.delivery.stereo import ForBothEyes, marked
from pipeline.run.delivery.upscaling import Enlarged, Upscaler
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.sections.output_stereo import SIDE_BY_SIDE
from pipeline.schedule.sections.output_video import Video
from pipeline.video import formats
from pipeline.video.interpolation import interpolated
from pipeline.video.notes import written_out
from pipeline.video.platforms import PLATFORMS, fitted
from pipeline.video.recipe import Recipe, Sound
from pipeline.video.sound import cut_sound


@contextmanager
def pictured(delivery: Delivery) -> Iterator[Recipe]:
    """Yield the recipe for the pictures of a delivery, in order, without sound, subtitles and notes.

    Frames that a network enlarges are kept as long as the context lasts.
    """
    with ExitStack() as stack:
        size, redraw = _redrawing(delivery, stack)
        made = recipe(delivery.video, size, delivery.plan.fps)
        if delivery.video.stereo == SIDE_BY_SIDE:
            made = marked(made)
        order = tuple(delivery.plan.shown(delivery.count))
        yield dataclasses.replace(made, order=order, is_loop=delivery.plan.loops, redraw=redraw)


@contextmanager
def soundtrack(delivery: Delivery) -> Iterator[Sound | None]:
    """Yield the sound of a delivery, valid inside the context; None if nothing is heard, or its format has no sound.

    Raises:
        RunError: a file can no longer be read.
    """
    video, plan = delivery.video, delivery.plan
    pieces = plan.heard if formats.find(video.format).sound else ()
    seconds = len(plan.shown(delivery.count)) / plan.fps
    with cut_sound(pieces, seconds, delivery.path, video.repeat) as sound:
        yield sound


def complete_text(delivery: Delivery) -> str:
    """The text to embed in a file: the schedule with the digests of its models."""
    origin = delivery.folder.origin()
    return written_out(delivery.folder.source(), origin.models, origin.draft)


Redraw = Callable[[int, bytes], bytes]


def _redrawing(delivery: Delivery, stack: ExitStack) -> tuple[tuple[int, int], Redraw | None]:
    """The (width, height) of the frames for ffmpeg, and the function that redraws their PNGs; None if nothing does."""
    video = delivery.video
    (width, height), enlarge = _enlarging(video, delivery.path, delivery.plan, stack)
    if video.stereo is None:
        return (width, height), enlarge
    for_eyes = ForBothEyes(video, delivery.plan, delivery.folder.frames)
    both = for_eyes if enlarge is None else lambda number, png: for_eyes(number, enlarge(number, png))
    return (width * 2 if video.stereo == SIDE_BY_SIDE else width, height), both


def _enlarging(video: Video, path: Path, plan: VideoPlan, stack: ExitStack) -> tuple[tuple[int, int], Redraw | None]:
    """As `_redrawing`, for a network that enlarges the frames."""
    if video.upscaler is None:
        return plan.size, None
    upscaler = Upscaler(video.upscaler)
    width, height = plan.size
    kept = stack.enter_context(TemporaryDirectory(dir=path.resolve().parent, prefix=f".{path.stem}-"))
    return (width * upscaler.scale, height * upscaler.scale), Enlarged(upscaler, Path(kept))


def recipe(video: Video, size: tuple[int, int], fps: float | None = None) -> Recipe:
    """The recipe for frames of `size` (width, height) in pixels at `fps`, without sound, subtitles and notes."""
    made = formats.find(video.format).recipe(video.pix_fmt, crf=video.crf, bitrate=video.bitrate, preset=video.preset)
    wanted, halves = shown_size(video, size), 2 if video.stereo == SIDE_BY_SIDE else 1
    shaping = (
        () if wanted == size else fitted((size[0] // halves, size[1]), (wanted[0] // halves, wanted[1]), video.fit)
    )
    rate = video.fps if video.fps != fps else None
    rate_filters = interpolated(rate, video.interpolate) if rate else ()
    whole = shaping if halves == 1 else ()
    return dataclasses.replace(
        made,
        filters=(*rate_filters, *whole, *made.filters),
        half_filters=shaping if halves == 2 else (),
        repeat=video.repeat,
        rate=rate,
    )


def shown_size(video: Video, size: tuple[int, int]) -> tuple[int, int]:
    """The (width, height) of the pictures in the file, given frames of `size`."""
    return PLATFORMS[video.place].size if video.place else video.size or size
