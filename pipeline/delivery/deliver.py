"""Every file that a run's footage asks for, made of the frames in its folder."""

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipeline import ffmpeg
from pipeline.atomic import named_partial
from pipeline.delivery.formats import FORMATS
from pipeline.delivery.notes import as_metadata, written_out
from pipeline.delivery.recipes import paths, recipe
from pipeline.delivery.seams import closed
from pipeline.delivery.settings import Video
from pipeline.delivery.subtitles import as_srt
from pipeline.folder import RunFolder
from pipeline.footage import Footage
from pipeline.recipe import Recipe
from pipeline.soundtrack import sounding


def deliver(folder: RunFolder, footage: Footage, count: int, binary: str) -> None:
    """Make all of them, of the first `count` frames.

    Raises:
        EncodingError: ffmpeg failed.
        CheckpointError: the pixels of a frame are not those that were written.
        RunError: the track can no longer be heard.
    """
    pattern = folder.frames.folder / folder.frames.pattern
    check = folder.frames.verify
    for video, path in zip(footage.videos, paths(folder.path, footage.videos), strict=True):
        with _whole(video, path, folder, footage, count) as whole:
            ffmpeg.assemble(binary, pattern, count, footage.fps, footage.title, path, check, whole)


@contextmanager
def _whole(video: Video, path: Path, folder: RunFolder, footage: Footage, count: int) -> Iterator[Recipe]:
    """The recipe with all that goes into the file besides pictures; temporary files are gone afterwards."""
    known = FORMATS[video.format]
    shown = footage.shown(count)
    made = dataclasses.replace(recipe(video, footage.size), order=tuple(shown))
    if footage.loops:
        made = dataclasses.replace(made, options=closed(made.options, len(shown) * video.repeat))
    with ExitStack() as stack:
        if known.sound:
            heard = sounding(footage.source, footage.start, len(shown) / footage.fps, path, video.repeat)
            made = dataclasses.replace(made, sound=stack.enter_context(heard))
        origin = folder.origin()
        text = written_out(folder.source(), origin.models, origin.draft)
        if (write := known.write) is not None:
            made = dataclasses.replace(made, finish=lambda file: write(file, text))
        else:
            notes = stack.enter_context(_beside(path, ".ffmeta", as_metadata(footage.title, text)))
            made = dataclasses.replace(made, notes=notes)
        if video.subtitles:
            texts = as_srt(footage.said, shown * video.repeat, footage.fps)
            made = dataclasses.replace(made, subtitles=stack.enter_context(_beside(path, ".srt", texts)))
        yield made


@contextmanager
def _beside(path: Path, suffix: str, text: str) -> Iterator[Path]:
    written = named_partial(path.resolve().with_suffix(suffix))
    try:
        written.write_text(text, encoding="utf-8")
        yield written
    finally:
        written.unlink(missing_ok=True)
