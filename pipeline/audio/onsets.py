"""Measure the strength of onsets over time: the spectral flux of all frequencies or of a band.

Source: Böck and Widmer, "Maximum filter vibrato suppression for onset detection" (2013), by librosa. What
    differs: long tracks are analysed in blocks, so that an hour needs little memory.
"""

from collections.abc import Callable, Iterator

import numpy as np

from pipeline.audio.decoding import RATE, Samples, extra
from pipeline.curves.array import Array

HOP = 256
FRAMES = RATE / HOP  # per second, 86
WINDOW = 1024
_BLOCK, _MARGIN = 4096, 64  # hops


def in_blocks(samples: Samples, analyse: Callable[[Samples], Array]) -> Array:
    """Analyse overlapping blocks and join the results: (..., hops), hop i centred on sample i * `HOP`."""
    return np.concatenate([analyse(block)[..., keep] for block, keep in _blocks(samples)], axis=-1)


def _blocks(samples: Samples) -> Iterator[tuple[Samples, slice]]:
    hops = 1 + len(samples) // HOP
    for begin in range(0, hops, _BLOCK):
        end = min(begin + _BLOCK, hops)
        first = max(0, begin - _MARGIN)
        yield samples[first * HOP : (end + _MARGIN) * HOP], slice(begin - first, end - first)


def spectrum(samples: Samples, window: int = WINDOW) -> Array:
    """Return the spectrum's magnitudes: (frequencies, hops)."""
    librosa = extra("librosa")
    samples = np.pad(samples, (0, max(0, window - len(samples))))
    magnitudes: Array = np.abs(librosa.stft(samples, n_fft=window, hop_length=HOP, pad_mode="constant"))
    return magnitudes


def onset_strength(samples: Samples) -> Array:
    """Return the flux over all frequencies at every hop, in 40 mel bands: (hops,), never negative."""
    librosa = extra("librosa")
    bands = librosa.filters.mel(sr=RATE, n_fft=WINDOW, n_mels=40, norm=None)
    return in_blocks(samples, lambda block: _flux(bands @ spectrum(block)))


def low_onsets(samples: Samples, high: float = 150.0) -> Array:
    """Return the flux of the frequencies below `high` Hz, such as those of kick and bass: (hops,)."""
    count = 1 + round(high / RATE * WINDOW)
    return in_blocks(samples, lambda block: _flux(spectrum(block)[1:count]))


def _flux(magnitudes: Array) -> Array:
    """Return how far levels exceed the highest one of neighbouring bands two hops earlier, averaged: (hops,)."""
    from scipy.ndimage import maximum_filter1d

    level = np.log1p(640 * magnitudes / WINDOW)  # unlike decibels, this does not amplify the noise of silence
    level = np.pad(level, ((0, 0), (2, 0)))  # a track may begin with its first beat
    rise: Array = np.maximum(level[:, 2:] - maximum_filter1d(level, 3, axis=0)[:, :-2], 0).mean(axis=0)
    return rise
