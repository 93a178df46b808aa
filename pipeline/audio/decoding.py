"""Decode a file's first audio stream to samples, whatever its container."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.storage.did_you_mean import did_you_mean
from render.errors import InputError
from render.files.media import MediaSource
from render.files.videos.boxes import require_bounded_tables

RATE = 22_050  # samples per second after decoding: what librosa is tuned for
RATES = (2_000, 1_000_000)  # accepted in files, from old telephones to measuring instruments
MAX_CHANNELS = 64
LOUDEST = 16.0  # samples are clipped to this; full scale is 1, and only damaged files exceed it by so much
MAX_SECONDS = 3600.0
INSTALL = "pip install '.[music]'"

Samples = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class AudioFile:
    """A file with sound; `seconds` is the sound's length according to the header, None if it does not give one."""

    path: Path
    seconds: float | None


def extra(name: str) -> ModuleType:
    """Import and return a library of the extra `music`. Raises `InputError` if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(f"music needs {name}, which is not installed; {INSTALL}") from error


def probe(path: Path) -> AudioFile:
    """Read a file's header.

    Raises:
        InputError: it is not a media file, has no sound, or is too long.
    """
    with _opened(path) as container:
        stream = _stream(container, path)
        _check_rate(path, stream.rate or RATE, stream.channels)
        found = AudioFile(path=path, seconds=_seconds(container, stream))
    _check_length(path, found.seconds or 0.0)
    return found


def sound_frames(path: Path) -> Iterator[Any]:
    """Yield the decoded audio frames, skipping damaged ones, and None at the end, which flushes a resampler.

    Raises:
        InputError: as `probe`, or nothing in the file can be decoded.
    """
    probe(path)  # first, so that a file whose header says that it is too long is not decoded
    av = extra("av")
    seconds = 0.0
    with _opened(path) as container:
        for packet in container.demux(_stream(container, path)):
            try:
                for frame in packet.decode():
                    _check_rate(path, frame.sample_rate, frame.layout.nb_channels)
                    seconds += frame.samples / frame.sample_rate
                    yield frame
            except av.FFmpegError:  # skip damaged packets, as players do
                continue
            _check_length(path, seconds)
    if not seconds:
        raise InputError(f"'{path.name}': none of its sound can be decoded; is the file damaged?")
    yield None


def decode(path: Path) -> Samples:
    """Decode a file to mono samples in about [-1, 1], `RATE` per second.

    Raises:
        InputError: as `sound_frames`.
    """
    resampler = extra("av").AudioResampler(format="flt", layout="mono", rate=RATE)
    blocks = [part.to_ndarray()[0] for frame in sound_frames(path) for part in resampler.resample(frame)]
    samples: Samples = np.concatenate(blocks)
    np.nan_to_num(samples, copy=False)
    return np.clip(samples, -LOUDEST, LOUDEST, out=samples)  # otherwise sums of squares could overflow


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open the container. A playlist in place of a track cannot lead to other files or to the network."""
    av = extra("av")
    try:
        with path.open("rb") as file:
            require_bounded_tables(path, file)
            with av.open(MediaSource(file), options={"protocol_whitelist": "none"}) as container:
                yield container
    except OSError as error:  # includes FFmpeg's errors
        if isinstance(error, FileNotFoundError):
            raise InputError(f"'{path.name}': no such file{did_you_mean(path)}") from error
        raise _unreadable(path) from error
    except (av.FFmpegError, ValueError) as error:
        raise _unreadable(path) from error


def _stream(container: Any, path: Path) -> Any:
    if not container.streams.audio:
        kinds = sorted({stream.type for stream in container.streams}) or ["nothing"]
        raise InputError(f"'{path.name}': has no sound, only {' and '.join(kinds)}; expected a file with music")
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise InputError(
            f"'{path.name}': the format of its sound is not supported; expected a common one such as MP3, FLAC or WAV"
        )
    return stream


def _seconds(container: Any, stream: Any) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration is not None else None


def _check_length(path: Path, seconds: float) -> None:
    if seconds > MAX_SECONDS:
        length = f"{seconds / 3600:.1f} hours" if seconds > 5400 else f"{seconds / 60:.0f} minutes"
        raise InputError(
            f"'{path.name}': its sound lasts {length}; "
            f"expected at most {MAX_SECONDS / 3600:g} hour; cut out the part that is used"
        )


def _check_rate(path: Path, rate: int, channels: int) -> None:
    """Refuse unusual sample rates: a few bytes at one sample per second would take an hour to decode."""
    if not RATES[0] <= rate <= RATES[1] or channels > MAX_CHANNELS:
        raise InputError(
            f"'{path.name}': has {channels} channels of {rate:,} samples per second; "
            f"expected at most {MAX_CHANNELS} channels of {RATES[0]:,} to {RATES[1]:,}"
        )


def _unreadable(path: Path) -> InputError:
    return InputError(f"'{path.name}': cannot be decoded as audio")
