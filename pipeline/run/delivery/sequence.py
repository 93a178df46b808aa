"""The sink of image sequences: the frames as they are, or as ffmpeg has scaled or interpolated them, in one file."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap

from pipeline.curves.rates import exact
from pipeline.run.delivery.recipes import complete_text, pictured, soundtrack
from pipeline.run.delivery.sinks import Delivery
from pipeline.storage.atomic import named_partial, replacing
from pipeline.video import ffmpeg, formats
from pipeline.video.containers import Container, Options
from pipeline.video.recipe import Recipe
from pipeline.video.sequence import ImageSequence, write_sequence
from render.errors import EncodingError

COMPRESSION = 3  # of zlib: takes half the time of the default 6, for files a tenth larger
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def collect(delivery: Delivery) -> None:
    """Make the file. Raises what `Sink` lists."""
    plan, path = delivery.plan, delivery.path
    with pictured(delivery) as recipe, soundtrack(delivery) as sound, _pictures(delivery, recipe) as pictures:
        sequence = ImageSequence(
            name=path.stem,
            title=plan.title,
            fps=recipe.rate or plan.fps,
            count=recipe.num_pictures(len(recipe.order), plan.fps),
        )
        with replacing(path.resolve()) as partial:
            write_sequence(partial, sequence, complete_text(delivery), sound, pictures)


@contextmanager
def _pictures(delivery: Delivery, recipe: Recipe) -> Iterator[Iterator[bytes]]:
    """Yield the pictures as PNGs; ffmpeg makes them only if they are not those of the frames."""
    plain = formats.find(delivery.video.format).recipe(delivery.video.pix_fmt)
    if recipe.filters == plain.filters and not recipe.half_filters:
        yield _unchanged(delivery, recipe)
        return
    plan, frames = delivery.plan, delivery.folder.frames
    stream = named_partial(delivery.path.resolve().with_suffix(".pngs"))
    container = Container(
        name="PNG pictures",
        suffix=".pngs",
        muxer="image2pipe",
        signature=_SIGNATURE[:4],
        demuxer=("-framerate", str(exact(recipe.rate or plan.fps)), "-f", "png_pipe"),
    )
    options: Options = {"vcodec": "png", "pred": "mixed", "compression_level": COMPRESSION, "f": container.muxer}
    streamed = dataclasses.replace(recipe, container=container, options=options)
    pattern = frames.folder / frames.pattern
    try:
        ffmpeg.assemble(delivery.binary, pattern, delivery.count, plan.fps, plan.title, stream, streamed, frames.verify)
        with stream.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            yield split(content)
    finally:
        stream.unlink(missing_ok=True)


def _unchanged(delivery: Delivery, recipe: Recipe) -> Iterator[bytes]:
    """The files of the frames as they are, or enlarged."""
    frames = delivery.folder.frames
    for number in recipe.order * recipe.repeat:
        frames.verify(number)
        png = frames.path(number).read_bytes()
        yield recipe.redraw(number, png) if recipe.redraw else png


def split(content: mmap | bytes) -> Iterator[bytes]:
    """Split PNGs that follow each other, and keep their critical chunks only.

    ffmpeg adds the gamma of BT.709 to pictures that it has interpolated. Programs that respect it would show them
    darker or lighter than the frames, which have no such chunk.

    Raises:
        EncodingError: the last one is truncated, or there is something else between them.
    """
    at = 0
    while at < len(content):
        parts, kind = [content[at : at + len(_SIGNATURE)]], b""
        at += len(_SIGNATURE)
        while kind != b"IEND":
            size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
            if parts[0] != _SIGNATURE or at + 12 + size > len(content):
                raise EncodingError("ffmpeg made no whole PNGs; the frames are kept, try another ffmpeg")
            if kind[:1].isupper():  # critical (PNG 1.2, section 3.3)
                parts.append(content[at : at + 12 + size])
            at += 12 + size
        yield b"".join(parts)
