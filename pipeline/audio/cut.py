"""Cut out the part of a track that a video uses, exact to the sample."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pipeline.audio.decoding import extra, sound_frames
from pipeline.storage.atomic import named_partial
from render.errors import InputError, RunError

RATE = 48_000
_FLOAT = 4  # bytes


@contextmanager
def cut(path: Path, start: float, seconds: float, beside: Path, repeat: int = 1) -> Iterator[tuple[Path, int]]:
    """Yield a temporary file with raw samples of a part of the track, and its number of channels.

    Samples are little-endian floats, `RATE` per second. A mono track stays mono, all others become stereo.
    If the track ends too early, silence is appended, so the cut always has the requested length.

    Args:
        start, seconds: the beginning and length of the part.
        beside: the file that will use it; the temporary file is in the same folder.
        repeat: how often the part is repeated.

    Raises:
        RunError: the track can no longer be read.
    """
    raw = named_partial(beside.with_suffix(".f32"))
    try:
        with raw.open("wb") as file:
            channels = _write(path, round(start * RATE), round(seconds * RATE), file)
        _repeat(raw, repeat)
        yield raw, channels
    except InputError as error:
        raise RunError(f"music: {error}; the frames are kept") from error
    finally:
        raw.unlink(missing_ok=True)


def _repeat(raw: Path, times: int) -> None:
    size = raw.stat().st_size
    with raw.open("rb") as once, raw.open("ab") as file:
        for _ in range(times - 1):
            once.seek(0)
            left = size
            while left and (block := once.read(min(left, 1 << 20))):
                file.write(block)
                left -= len(block)


def _write(path: Path, skipped: int, wanted: int, file: BinaryIO) -> int:
    """Write `wanted` samples per channel after the first `skipped` ones; return the number of channels."""
    av = extra("av")
    resampler = None
    channels = 1
    for frame in sound_frames(path):
        if resampler is None:  # mono would lose half its power if it were converted to stereo
            channels = 1 if frame.layout.nb_channels == 1 else 2
            resampler = av.AudioResampler(format="flt", layout=("mono", "stereo")[channels - 1], rate=RATE)
        for part in resampler.resample(frame):
            block = part.to_ndarray().tobytes()[skipped * channels * _FLOAT :][: wanted * channels * _FLOAT]
            skipped -= min(skipped, part.samples)
            wanted -= len(block) // (channels * _FLOAT)
            file.write(block)
        if not wanted:
            break
    file.truncate(file.tell() + wanted * channels * _FLOAT)  # zeros
    return channels
