"""The loudness of a track as a picture of it needs it: the lowest and highest sample of each short piece."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.audio.decoding import RATE, decode

PER_SECOND = 100
_MOST = 60_000  # pieces; a longer track has fewer per second
_DIGITS = 3


@dataclass(frozen=True, kw_only=True)
class Waveform:
    """A track in pieces, `rate` per second; `low` and `high` are samples from -1 to 1."""

    seconds: float
    rate: float
    low: list[float]
    high: list[float]


def waveform(track: Path) -> Waveform:
    """Decode a track and find the lowest and highest sample of every piece; the latest tracks are kept.

    Raises:
        InputError: it cannot be decoded.
    """
    now = track.stat()
    return _of(track, now.st_mtime_ns, now.st_size)


@functools.lru_cache(maxsize=8)
def _of(track: Path, changed: int, size: int) -> Waveform:
    samples = decode(track)
    per_piece = max(1, round(RATE / PER_SECOND), -(-len(samples) // _MOST))
    whole = np.pad(samples, (0, -len(samples) % per_piece), mode="edge").reshape(-1, per_piece)
    return Waveform(
        seconds=len(samples) / RATE,
        rate=RATE / per_piece,
        low=np.clip(whole.min(1), -1, 1).astype(float).round(_DIGITS).tolist(),
        high=np.clip(whole.max(1), -1, 1).astype(float).round(_DIGITS).tolist(),
    )
