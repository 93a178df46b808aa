"""Makes a video from frames with ffmpeg. Only this file builds the command lines for that."""

import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from pipeline.curves.rates import exact
from pipeline.storage.atomic import replacing
from pipeline.video import process
from pipeline.video.containers import Container
from pipeline.video.margins import with_margins, without_margins
from pipeline.video.measuring import measured
from pipeline.video.process import limited_output, patience
from pipeline.video.recipe import Recipe, chained, halves
from render.errors import EncodingError, InputError

ENVIRONMENT = "RENDER_FFMPEG"
_MAX_NOTES = 4_000_000  # bytes: a schedule has at most 1,000,000, each of which may be escaped
_MAX_BLOCK = 64 << 20  # largest single allocation that ffmpeg may make while reading them, in bytes


def find_binary(setting: str | None) -> str:
    """The ffmpeg to use: the setting, else $RENDER_FFMPEG, else the one in PATH, else that of imageio-ffmpeg.

    Raises:
        EncodingError: the one that was set cannot be run, or there is none.
    """
    for origin, wanted in (("--ffmpeg", setting), (f"${ENVIRONMENT}", os.environ.get(ENVIRONMENT))):
        if wanted:
            found = shutil.which(wanted)
            if found is None:
                raise EncodingError(f"{origin}: '{wanted}' cannot be run")
            return found
    try:
        return shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise EncodingError("ffmpeg was not found; install it, or pip install imageio-ffmpeg") from error


def assemble(
    binary: str,
    pattern: Path,
    num_frames: int,
    fps: float,
    title: str,
    video: Path,
    recipe: Recipe,
    check: Callable[[int], object] = lambda index: None,
) -> None:
    """Make `video` from frames 0 to `num_frames` - 1.

    Args:
        pattern: path of the frame files with a `%06d` in its name; their width and height must be even.
        fps: frames per second.
        title: for the video's metadata.
        recipe: filters, encoder and container.
        check: called with the number of every frame before it is used, while ffmpeg encodes the earlier frames;
            an exception that it raises ends the encoding.

    Raises:
        EncodingError: ffmpeg failed; the message gives the reason and a remedy. The frames are kept.
    """
    frames = [pattern.parent / (pattern.name % index) for index in range(num_frames)]
    for frame in frames:
        if not (frame.is_file() and frame.stat().st_size):  # otherwise ffmpeg would silently make a shorter video
            raise EncodingError(f"{frame}: is missing or empty; run again to render it")
    # Frames go through a pipe: by name, ffmpeg would read ahead and fail at the missing one after the last frame.
    pictures = ffmpeg.input("pipe:", format="png_pipe", framerate=str(exact(fps)))
    order = [*(recipe.order or range(num_frames))] * recipe.repeat
    shown = len(order)
    if recipe.rate:
        share = exact(recipe.rate) / exact(fps)
        order, skipped = with_margins(order, recipe.is_loop, share)
        recipe = replace(recipe, filters=without_margins(recipe.filters, skipped, round(shown * share)))
    input_data = _read(frames, order, check, recipe.redraw or (lambda number, png: png))
    _make(binary, pictures, title, video, recipe, input_data, lambda: (shown / fps, recipe.rate or fps))


def _read(
    frames: Sequence[Path],
    order: Iterable[int],
    check: Callable[[int], object],
    redraw: Callable[[int, bytes], bytes],
) -> Iterator[bytes]:
    for number in order:
        check(number)
        yield redraw(number, frames[number].read_bytes())


def encode(
    binary: str,
    frames: Iterable[bytes],
    size: tuple[int, int],
    fps: float,
    title: str,
    video: Path,
    recipe: Recipe,
) -> None:
    """Make `video` from frames as they arrive; each is the RGB bytes of (width, height) pixels.

    Args:
        recipe: filters, encoder and container; its sound must be as long as the frames.

    Raises:
        EncodingError: ffmpeg failed; the message gives the reason and a remedy.
    """
    width, height = size
    pictures = ffmpeg.input(
        "pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{width}x{height}", framerate=str(exact(fps))
    )
    counted = itertools.count()
    input_data = (frame for frame, _ in zip(frames, counted, strict=False))
    _make(binary, pictures, title, video, recipe, input_data, lambda: (next(counted) / fps, fps))


def trial_error(binary: str, recipe: Recipe) -> str:
    """The error when the recipe is tried with eight small pictures on this machine; "" if it works."""
    pictures = ffmpeg.input("color=gray:size=320x192:rate=8:duration=1", f="lavfi")
    to_codec = max(place for place, (name, _) in enumerate(recipe.filters) if name == "scale")
    for name, arguments in recipe.filters[to_codec:]:
        pictures = pictures.filter(name, **arguments)
    stream = ffmpeg.output(pictures, "pipe:", **{**recipe.options, "movflags": "empty_moov"})
    stream = stream.global_args("-hide_banner", "-loglevel", "error", "-nostdin", *_device_arguments(recipe))
    try:
        made = subprocess.run(stream.compile(cmd=binary), capture_output=True, timeout=patience(), check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if made.returncode == 0 and made.stdout:
        return ""
    errors = [line.partition("] ")[2] or line for line in made.stderr.decode(errors="replace").splitlines()]
    return errors[0] if errors else f"failed with code {made.returncode}"


def encoder_options(binary: str, encoder: str) -> frozenset[str]:
    """The names of the options that this ffmpeg has for an encoder; empty if ffmpeg cannot be run."""
    command = [binary, "-hide_banner", "-h", f"encoder={encoder}"]
    try:
        printed = subprocess.run(
            command, capture_output=True, timeout=patience(), check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    return frozenset(re.findall(r"^ +-([\w-]+) ", printed.stdout.decode(errors="replace"), re.MULTILINE))


def _device_arguments(recipe: Recipe) -> list[str]:
    return ["-init_hw_device", recipe.device, "-filter_hw_device", "main"] if recipe.device else []


def read_notes(binary: str, video: Path, container: Container) -> str:
    """The metadata of a file, in FFmpeg's own format.

    Raises:
        InputError: the file is not a video, or its metadata is longer than a schedule can be.
        EncodingError: ffmpeg cannot be run.
    """
    command = [binary, "-hide_banner", "-loglevel", "error", "-nostdin", "-protocol_whitelist", "file,pipe"]
    # Name the demuxer: otherwise a playlist, whatever its file name, would lead to other files.
    command += ["-format_whitelist", container.demuxer[-1], "-max_alloc", str(_MAX_BLOCK), *container.demuxer]
    found = limited_output([*command, "-i", f"file:{video}", "-f", "ffmetadata", "pipe:1"], _MAX_NOTES)
    if found is None:
        raise InputError(f"{video}: ffmpeg cannot read it as a video")
    if len(found) > _MAX_NOTES:
        raise InputError(
            f"{video}: its metadata has over {_MAX_NOTES:,} bytes; no video that `render` makes has that much"
        )
    return found.decode(errors="replace")


def _make(
    binary: str,
    pictures: Any,
    title: str,
    video: Path,
    recipe: Recipe,
    input_data: Iterable[bytes],
    expected: Callable[[], tuple[float, float]],
) -> None:
    """Make the file.

    Args:
        input_data: the data to write to ffmpeg.
        expected: called when all frames are written; returns the video's length in seconds and its pictures per second.
    """
    with replacing(video.resolve()) as partial:
        streams, more = _inputs(_filtered(pictures, recipe), recipe)
        stream = ffmpeg.output(
            *streams,
            str(partial),
            **{**recipe.options, **more},
            metadata=f"title={title}",
            fflags="+bitexact",
            **{"flags:v": "+bitexact"},
        )
        stream = stream.global_args(
            "-hide_banner", "-loglevel", "error", "-xerror", *_device_arguments(recipe)
        ).overwrite_output()
        process.run(_with_notes(stream.compile(cmd=binary), recipe), input_data)
        if not (partial.is_file() and recipe.container.is_whole(partial)):
            raise EncodingError(f"{binary}: no error, but no video; is it ffmpeg? The frames are kept")
        lengths = measured(binary, partial, recipe.container)
        if fault := lengths.fault(*expected(), sounds=recipe.sound is not None):
            raise EncodingError(
                f"{video}: {binary} made a faulty file: {fault}; the frames are kept, try another ffmpeg"
            )
        if recipe.finish is not None:
            recipe.finish(partial)


def _filtered(pictures: Any, recipe: Recipe) -> Any:
    pictures = ffmpeg.filter(halves(pictures, recipe.half_filters), "hstack") if recipe.half_filters else pictures
    pictures = chained(pictures, recipe.filters)
    if not recipe.palette:
        return pictures
    split = pictures.filter_multi_output("split")
    return ffmpeg.filter([split[0], split[1].filter("palettegen")], "paletteuse", dither="sierra2_4a")


def _inputs(shown: Any, recipe: Recipe) -> tuple[list[Any], dict[str, Any]]:
    """All input streams of the file, and the output options that belong to them."""
    streams: list[Any] = [shown]
    options: dict[str, Any] = {}
    if recipe.sound is not None:
        raw = ffmpeg.input(f"file:{recipe.sound.path}", format="f32le", ar=recipe.sound.rate, ac=recipe.sound.channels)
        streams.append(raw.audio)
        options |= recipe.sound_options
    if recipe.subtitles is not None:
        streams.append(ffmpeg.input(f"file:{recipe.subtitles}", format="srt")["s"])
        options["scodec"] = recipe.container.subtitle_codec
    if recipe.notes is not None:
        options["map_metadata"] = len(streams)  # the index of the input that `_with_notes` appends
    return streams, options


def _with_notes(command: list[str], recipe: Recipe) -> list[str]:
    """The command with the metadata as one more input; ffmpeg-python cannot add an input without streams."""
    if recipe.notes is None:
        return command
    end = max(place for place, word in enumerate(command) if word == "-i") + 2
    return [*command[:end], "-f", "ffmetadata", "-i", f"file:{recipe.notes}", *command[end:]]
