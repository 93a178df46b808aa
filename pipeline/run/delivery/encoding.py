"""The sink of all formats that ffmpeg makes: combines frames, sound, subtitles and notes into one file."""

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from pipeline.run.delivery.hardware import choose_encoder
from pipeline.run.delivery.recipes import complete_text, pictured, soundtrack
from pipeline.run.delivery.sinks import Delivery
from pipeline.run.delivery.subtitles import as_srt
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.schedule.sections.output_video import Video
from pipeline.storage.atomic import named_partial
from pipeline.video import ffmpeg, formats
from pipeline.video.notes import as_metadata
from pipeline.video.recipe import Recipe


def encode(delivery: Delivery) -> None:
    """Make the file. Raises what `Sink` lists."""
    video, plan, binary = delivery.video, delivery.plan, delivery.binary
    frames = delivery.folder.frames
    with _complete(delivery) as complete:
        by_encoder = choose_encoder(complete, video, partial(ffmpeg.trial_error, binary), delivery.warn)
        tuned = _tuned(by_encoder, video, plan, binary)
        pattern = frames.folder / frames.pattern
        title, path = plan.title, delivery.path
        ffmpeg.assemble(binary, pattern, delivery.count, plan.fps, title, path, tuned, frames.verify)


def _tuned(recipe: Recipe, video: Video, plan: VideoPlan, binary: str) -> Recipe:
    """The recipe, with its encoder options adapted to a loop and to this ffmpeg; unchanged for a hardware encoder."""
    known, options = formats.find(video.format), recipe.options
    if options["vcodec"] != known.encoder:
        return recipe
    if plan.loops and known.adapt_to_loop is not None:
        options = known.adapt_to_loop(options, recipe.num_pictures(len(recipe.order), plan.fps))
    if known.adapt_to_ffmpeg is not None:
        options = known.adapt_to_ffmpeg(options, ffmpeg.encoder_options(binary, known.encoder))
    return dataclasses.replace(recipe, options=options)


@contextmanager
def _complete(delivery: Delivery) -> Iterator[Recipe]:
    """Yield the recipe with sound, subtitles and notes; their temporary files last as long as the context."""
    video, path, plan = delivery.video, delivery.path, delivery.plan
    known = formats.find(video.format)
    with ExitStack() as stack:
        made = stack.enter_context(pictured(delivery))
        made = dataclasses.replace(made, sound=stack.enter_context(soundtrack(delivery)))
        text = complete_text(delivery)
        if known.container.text is not None and (write := known.container.text.write) is not None:
            made = dataclasses.replace(made, finish=lambda file: write(file, text))
        else:
            notes = stack.enter_context(_beside(path, ".ffmeta", as_metadata(plan.title, text)))
            made = dataclasses.replace(made, notes=notes)
        if video.subtitles:
            texts = as_srt(plan.said, plan.shown(delivery.count) * video.repeat, plan.fps)
            made = dataclasses.replace(made, subtitles=stack.enter_context(_beside(path, ".srt", texts)))
        yield made


@contextmanager
def _beside(path: Path, suffix: str, text: str) -> Iterator[Path]:
    """Create a temporary text file in the folder of `path`; it lasts as long as the context."""
    written = named_partial(path.resolve().with_suffix(suffix))
    try:
        written.write_text(text, encoding="utf-8")
        yield written
    finally:
        written.unlink(missing_ok=True)
