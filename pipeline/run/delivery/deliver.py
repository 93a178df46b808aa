"""Makes every file that a run delivers from the frames in its folder."""

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
from pipeline.run.folder.footage import Footage
from pipeline.run.folder.names import leftovers, paths
from pipeline.schedule.sections.video import Video
from pipeline.storage.atomic import named_partial
from pipeline.video import ffmpeg, formats
from pipeline.video.notes import as_metadata, written_out
from pipeline.video.recipe import Recipe
from pipeline.video.sound import sounding


def deliver(
    folder: RunFolder, footage: Footage, count: int, binary: str, warn: Callable[[str], None] = lambda text: None
) -> None:
    """Make all files from the first `count` frames.

    Args:
        warn: called with a message where something is not made as asked for.

    Raises:
        EncodingError: ffmpeg failed.
        CheckpointError: the pixels of a frame differ from those that were written.
        RunError: the track can no longer be read.
    """
    pattern = folder.frames.folder / folder.frames.pattern
    check = folder.frames.verify
    for video, path in zip(footage.videos, paths(folder.path, footage.videos), strict=True):
        with _complete(video, path, folder, footage, count) as complete:
            chosen_recipe = chosen(complete, video, partial(ffmpeg.complaint, binary), warn)
            tuned = _tuned(chosen_recipe, video, footage, binary)
            ffmpeg.assemble(binary, pattern, count, footage.fps, footage.title, path, tuned, check)
    if left := leftovers(folder.path, footage.videos):
        names = ", ".join(path.name for path in left)
        warn(f"{folder.path}: made for an earlier output.video, and may show other frames: {names}")


def _tuned(recipe: Recipe, video: Video, footage: Footage, binary: str) -> Recipe:
    """The recipe with the options of its encoder for a loop, and for this ffmpeg; hardware is left as it is."""
    known, options = formats.find(video.format), recipe.options
    if options["vcodec"] != known.encoder:
        return recipe
    if footage.loops and known.closed is not None:
        options = known.closed(options, recipe.num_pictures(len(recipe.order), footage.fps))
    if known.adapted is not None:
        options = known.adapted(options, ffmpeg.encoder_options(binary, known.encoder))
    return dataclasses.replace(recipe, options=options)


@contextmanager
def _complete(video: Video, path: Path, folder: RunFolder, footage: Footage, count: int) -> Iterator[Recipe]:
    """The recipe with sound, subtitles and notes; their temporary files last as long as the context."""
    known = formats.find(video.format)
    shown = footage.shown(count)
    with ExitStack() as stack:
        size, redraw = _enlarging(video, path, footage, stack)
        made = recipe(video, size, footage.fps)
        made = dataclasses.replace(made, order=tuple(shown), closed=footage.loops, redraw=redraw)
        if known.sound:
            sound = sounding(footage.source, footage.start, len(shown) / footage.fps, path, video.repeat)
            made = dataclasses.replace(made, sound=stack.enter_context(sound))
        origin = folder.origin()
        text = written_out(folder.source(), origin.models, origin.draft)
        if (embedded := known.container.text) is not None:
            made = dataclasses.replace(made, finish=lambda file: embedded.write(file, text))
        else:
            notes = stack.enter_context(_beside(path, ".ffmeta", as_metadata(footage.title, text)))
            made = dataclasses.replace(made, notes=notes)
        if video.subtitles:
            texts = as_srt(footage.said, shown * video.repeat, footage.fps)
            made = dataclasses.replace(made, subtitles=stack.enter_context(_beside(path, ".srt", texts)))
        yield made


def require(videos: tuple[Video, ...]) -> None:
    """Check what the videos need before hours of rendering. Raises `InputError`."""
    for path in {video.upscaler for video in videos if video.upscaler}:
        Upscaler(path)


def _enlarging(
    video: Video, path: Path, footage: Footage, stack: ExitStack
) -> tuple[tuple[int, int], Callable[[int, bytes], bytes] | None]:
    """The size of the frames that ffmpeg gets, and the function that enlarges them; None if they are not enlarged."""
    if video.upscaler is None:
        return footage.size, None
    upscaler = Upscaler(video.upscaler)
    width, height = footage.size
    kept = stack.enter_context(TemporaryDirectory(dir=path.resolve().parent, prefix=f".{path.stem}-"))
    return (width * upscaler.scale, height * upscaler.scale), Enlarged(upscaler, Path(kept))


@contextmanager
def _beside(path: Path, suffix: str, text: str) -> Iterator[Path]:
    """A temporary text file in the folder of `path`."""
    written = named_partial(path.resolve().with_suffix(suffix))
    try:
        written.write_text(text, encoding="utf-8")
        yield written
    finally:
        written.unlink(missing_ok=True)
