"""Every file that a run's video plan asks for, made of the frames in its folder."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.run.delivery.hardware import chosen
from pipeline.run.delivery.recipes import recipe
from pipeline.run.delivery.subtitles import as_srt
from pipeline.run.delivery.upscaling import Enlarged, Upscaler
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.names import leftovers, paths
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.sections.video import Video
from pipeline.storage.atomic import named_partial
from pipeline.video import ffmpeg
from pipeline.video.formats import FORMATS
from pipeline.video.notes import as_metadata, written_out
from pipeline.video.older import known_to
from pipeline.video.recipe import Recipe
from pipeline.video.seams import closed
from pipeline.video.sound import sounding


def deliver(
    folder: RunFolder, plan: VideoPlan, count: int, binary: str, warn: Callable[[str], None] = lambda text: None
) -> None:
    """Make all of them, of the first `count` frames; `warn` is told what is made otherwise than asked for.

    Raises:
        EncodingError: ffmpeg failed.
        CheckpointError: the pixels of a frame are not those that were written.
        RunError: the track can no longer be heard.
    """
    pattern = folder.frames.folder / folder.frames.pattern
    check = folder.frames.verify
    for video, path in zip(plan.videos, paths(folder.path, plan.videos), strict=True):
        with _whole(video, path, folder, plan, count) as whole:
            whole = chosen(whole, video, partial(ffmpeg.complaint, binary), warn)
            if plan.loops:
                pictures = whole.num_pictures(len(whole.order), plan.fps)
                whole = dataclasses.replace(whole, options=closed(whole.options, pictures))
            options = known_to(whole.options, partial(ffmpeg.encoder_options, binary))
            whole = dataclasses.replace(whole, options=options)
            ffmpeg.assemble(binary, pattern, count, plan.fps, plan.title, path, check, whole)
    if left := leftovers(folder.path, plan.videos):
        names = ", ".join(path.name for path in left)
        warn(f"{folder.path}: made for an earlier output.video, and may show other frames: {names}")


@contextmanager
def _whole(video: Video, path: Path, folder: RunFolder, plan: VideoPlan, count: int) -> Iterator[Recipe]:
    """The recipe with all that goes into the file besides pictures; temporary files are gone afterwards."""
    known = FORMATS[video.format]
    shown = plan.shown(count)
    with ExitStack() as stack:
        size, redraw = _enlarging(video, path, plan, stack)
        made = recipe(video, size, plan.fps)
        made = dataclasses.replace(made, order=tuple(shown), closed=plan.loops, redraw=redraw)
        if known.sound:
            sound = sounding(plan.source, plan.start, len(shown) / plan.fps, path, video.repeat)
            made = dataclasses.replace(made, sound=stack.enter_context(sound))
        origin = folder.origin()
        text = written_out(folder.source(), origin.models, origin.draft)
        if (write := known.write) is not None:
            made = dataclasses.replace(made, finish=lambda file: write(file, text))
        else:
            notes = stack.enter_context(_beside(path, ".ffmeta", as_metadata(plan.title, text)))
            made = dataclasses.replace(made, notes=notes)
        if video.subtitles:
            texts = as_srt(plan.said, shown * video.repeat, plan.fps)
            made = dataclasses.replace(made, subtitles=stack.enter_context(_beside(path, ".srt", texts)))
        yield made


def require(videos: tuple[Video, ...]) -> None:
    """Look at what the videos will need, before hours of work and not after. Raises `InputError`."""
    for path in {video.upscaler for video in videos if video.upscaler}:
        Upscaler(path)


def _enlarging(
    video: Video, path: Path, plan: VideoPlan, stack: ExitStack
) -> tuple[tuple[int, int], Callable[[int, bytes], bytes] | None]:
    """The size of the frames as ffmpeg gets them, and what is done to them before."""
    if video.upscaler is None:
        return plan.size, None
    upscaler = Upscaler(video.upscaler)
    width, height = plan.size
    kept = stack.enter_context(TemporaryDirectory(dir=path.resolve().parent, prefix=f".{path.stem}-"))
    return (width * upscaler.scale, height * upscaler.scale), Enlarged(upscaler, Path(kept))


@contextmanager
def _beside(path: Path, suffix: str, text: str) -> Iterator[Path]:
    written = named_partial(path.resolve().with_suffix(suffix))
    try:
        written.write_text(text, encoding="utf-8")
        yield written
    finally:
        written.unlink(missing_ok=True)
