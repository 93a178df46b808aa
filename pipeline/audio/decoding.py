"""The samples of a file's first audio stream, whatever its container."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.errors import InputError

RATE = 22_050  # samples per second after decoding: what librosa is tuned for
MAX_SECONDS = 3600.0
INSTALL = "pip install 'vqgan-clip-render[music]'"

Samples = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class AudioFile:
    """A file with sound in it; `seconds` is how long that lasts, None where its header does not say."""

    path: Path
    seconds: float | None


def extra(name: str) -> ModuleType:
    """A library of the extra `music`, imported now. Raises `InputError` where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(f"music needs {name}, which is not installed; {INSTALL}") from error


def probe(path: Path) -> AudioFile:
    """Look at a file's header.

    Raises:
        InputError: it is no media file, has no sound, or lasts too long.
    """
    av = extra("av")
    try:
        with av.open(str(path)) as container:
            found = AudioFile(path=path, seconds=_seconds(container, _stream(container, path)))
    except (av.FFmpegError, UnicodeDecodeError) as error:
        raise _unreadable(path) from error
    _check_length(path, found.seconds or 0.0)
    return found


def decode(path: Path) -> Samples:
    """Mono samples in about [-1, 1], `RATE` a second, from the first moment to the last.

    Raises:
        InputError: as `probe`, or nothing in it can be decoded.
    """
    av = extra("av")
    probe(path)  # a header that says that it is too long is believed
    blocks: list[Samples] = []
    count = 0
    try:
        with av.open(str(path)) as container:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            for frame in _frames(container, _stream(container, path), av):
                blocks += [mono.to_ndarray()[0] for mono in resampler.resample(frame)]
                count += len(blocks[-1]) if blocks else 0
                _check_length(path, count / RATE)
    except (av.FFmpegError, UnicodeDecodeError) as error:
        if not blocks:  # else it is torn at its end, and what was read counts
            raise _unreadable(path) from error
    if not count:
        raise InputError(f"'{path.name}': nothing of its sound can be decoded; is the file damaged?")
    return np.nan_to_num(np.concatenate(blocks))


def _frames(container: Any, stream: Any, av: ModuleType) -> Iterator[Any]:
    """Decoded frames, damaged packets left out, and None at the end, which empties the resampler."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue
    yield None


def _stream(container: Any, path: Path) -> Any:
    if not container.streams.audio:
        kinds = sorted({stream.type for stream in container.streams}) or ["nothing"]
        raise InputError(f"'{path.name}': has no sound, only {' and '.join(kinds)}; expected a file with music in it")
    return container.streams.audio[0]


def _seconds(container: Any, stream: Any) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration is not None else None


def _check_length(path: Path, seconds: float) -> None:
    if seconds > MAX_SECONDS:
        said = f"{seconds / 3600:.1f} hours" if seconds > 5400 else f"{seconds / 60:.0f} minutes"
        raise InputError(
            f"'{path.name}': its sound lasts {said}; expected at most {MAX_SECONDS / 3600:g} hour: cut out what is used"
        )


def _unreadable(path: Path) -> InputError:
    return InputError(f"'{path.name}': is no music that can be decoded, whatever its name says")
