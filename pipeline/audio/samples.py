"""Decode a stretch of a file's sound to raw samples: little-endian floats, `pieces.RATE` per second."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from pipeline.audio.decoding import extra, sound_frames
from pipeline.audio.pieces import RATE

FLOAT = 4  # bytes
TEMPOS = (0.5, 2.0)  # how slow and how fast sound can be stretched: beyond, clicks are lost or heard twice
_GAP = 0.03  # seconds by which a time stamp may differ from the samples so far before it is believed
_COARSE = Fraction(1, 2000)  # a container whose ticks are longer, as Matroska's milliseconds, has rounded its times
_BLOCK = 1 << 16  # samples


def channels_of(path: Path) -> int:
    """1 for a mono file, 2 for all others. Raises `InputError` as `sound_frames` does."""
    return 1 if next(sound_frames(path)).layout.nb_channels == 1 else 2


def write_samples(path: Path, clip: bool, first: int, last: int, file: BinaryIO, channels: int) -> None:
    """Write the samples from number `first` up to `last`; where the file has none, they are silent.

    Args:
        clip: whether sample 0 is heard with the clip's first picture, and time stamps say where each belongs; otherwise
            it is the first one of the file, and they follow each other.
        channels: as `channels_of` tells; mono would lose half its power if it were converted to stereo.

    Raises:
        InputError: the file cannot be read.
    """
    for at, block in _blocks(path, clip, channels):
        if at >= last:
            break
        left = max(first - at, 0)
        inside = block[left * channels * FLOAT : max(last - at, 0) * channels * FLOAT]
        if inside:
            file.seek((at + left - first) * channels * FLOAT)
            file.write(inside)
    file.truncate((last - first) * channels * FLOAT)  # zeros


def _blocks(path: Path, clip: bool, channels: int) -> Iterator[tuple[int, bytes]]:
    """Yield decoded samples, interleaved, and the number of the first of each; several blocks may overlap."""
    picture = first_picture(path) if clip else Fraction(0)
    resampler, kind = None, None
    at, expected = 0, None
    for frame in sound_frames(path):
        if frame is not None:
            time = _time(frame, picture) if clip and frame.pts is not None else expected
            jumps = time is not None and (expected is None or abs(time - expected) > _GAP)
            if resampler is None or jumps or kind != _kind(frame):
                if resampler is not None:
                    yield from _numbered(resampler.resample(None), at)
                layout = ("mono", "stereo")[channels - 1]
                resampler, kind = extra("av").AudioResampler(format="flt", layout=layout, rate=RATE), _kind(frame)
                expected = time if jumps or expected is None else expected
                at = round((expected or 0) * RATE)
            expected = (expected or Fraction(0)) + Fraction(frame.samples, frame.sample_rate)
            frame.pts = None  # its place is known
        assert resampler is not None
        for number, block in _numbered(resampler.resample(frame), at):
            yield number, block
            at = number + len(block) // (channels * FLOAT)


def _numbered(parts: list[Any], at: int) -> Iterator[tuple[int, bytes]]:
    for part in parts:
        yield at, part.to_ndarray().tobytes()
        at += part.samples


def _kind(frame: Any) -> tuple[int, str, str]:
    return frame.sample_rate, frame.layout.name, frame.format.name


def _time(frame: Any, picture: Fraction) -> Fraction:
    """When a frame is heard, in seconds since the first picture is shown."""
    time = Fraction(frame.pts * frame.time_base) - picture
    rounded = frame.time_base > _COARSE and abs(time) <= frame.time_base
    return Fraction(0) if rounded else time


def first_picture(path: Path) -> Fraction:
    """When a clip's first picture is shown, in seconds of its container. Raises `InputError` if there is none."""
    from render.files.videos.opening import opened

    with opened(path) as (container, stream):
        if container.format.name == "avi":  # it has no such times; FFmpeg takes those of decoding, which is earlier
            return Fraction(0)
        shown = next((frame for frame in container.decode(stream) if frame.pts is not None), None)
        return Fraction(shown.pts * stream.time_base) if shown is not None else Fraction(0)


def stretch(samples: BinaryIO, channels: int, speed: float, file: BinaryIO) -> None:
    """Write raw samples faster or slower, with their pitch kept.

    Source: ffmpeg's filter atempo, which joins overlapping windows where they fit best (WSOLA). Measured with clicks,
    they come up to 30 ms early, and nothing drifts.
    """
    av = extra("av")
    layout = ("mono", "stereo")[channels - 1]
    graph = av.filter.Graph()
    nodes = [graph.add_abuffer(sample_rate=RATE, format="flt", layout=layout, time_base=Fraction(1, RATE))]
    nodes += [graph.add("atempo", f"{speed:.9f}"), graph.add("abuffersink")]
    graph.link_nodes(*nodes).configure()
    at = 0
    while block := samples.read(_BLOCK * channels * FLOAT):
        frame = av.AudioFrame.from_ndarray(np.frombuffer(block, "<f4")[None], format="flt", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), at
        at += frame.samples
        nodes[0].push(frame)
        _pull(av, nodes[-1], file)
    nodes[0].push(None)
    _pull(av, nodes[-1], file)


def _pull(av: Any, sink: Any, file: BinaryIO) -> None:
    while True:
        try:
            file.write(sink.pull().to_ndarray().tobytes())
        except (av.BlockingIOError, av.EOFError):
            return
