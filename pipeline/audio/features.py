"""Measure features of a track over time: levels of bands and parts, onsets, notes.

All have `FRAMES` values per second; hop i is centred on second i / `FRAMES`.
"""

from collections.abc import Callable

import numpy as np

from pipeline.audio.decoding import RATE, Samples, extra
from pipeline.audio.onsets import HOP, in_blocks, onset_strength, spectrum
from pipeline.curves.array import Array

NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_PARTS_WINDOW = 2048


def loudness(samples: Samples) -> Array:
    """Return the root mean square over 23 ms: (hops,)."""
    power = samples.astype(np.float64) ** 2
    sums = np.concatenate([[0.0], np.cumsum(power)])
    middles = np.arange(1 + len(samples) // HOP) * HOP
    begin, end = np.maximum(middles - HOP, 0), np.minimum(middles + HOP, len(samples))
    level: Array = np.sqrt(np.maximum(sums[end] - sums[begin], 0) / np.maximum(end - begin, 1))
    return level


def band(samples: Samples, low: float, high: float) -> Array:
    """Return the loudness of the frequencies between `low` and `high` Hz, by a causal filter: (hops,)."""
    from scipy.signal import butter, sosfilt

    nyquist = RATE / 2
    edges = (high, "lowpass") if low <= 0 else (low, "highpass") if high >= nyquist else ((low, high), "bandpass")
    filtered: Samples = sosfilt(butter(2, edges[0], edges[1], fs=RATE, output="sos"), samples)
    return loudness(filtered)


def parts(samples: Samples) -> Array:
    """Return the loudness of the harmonic and of the percussive part: (2, hops).

    Source: Fitzgerald, "Harmonic/percussive separation using median filtering" (2010), by librosa. What differs:
        only every other hop is analysed; those between are interpolated.
    """
    hpss = extra("librosa").decompose.hpss

    def levels(block: Samples) -> Array:
        magnitudes = spectrum(block, _PARTS_WINDOW)
        found = hpss(magnitudes[:, ::2].astype(np.float32), kernel_size=17)
        few = np.stack([np.sqrt((part**2).sum(axis=0)) / _PARTS_WINDOW for part in found])
        hops = np.arange(magnitudes.shape[1])
        return np.stack([np.interp(hops, hops[::2], level) for level in few])

    return in_blocks(samples, levels)


def notes(samples: Samples) -> Array:
    """Return the loudness of each of the twelve notes over all octaves: (12, hops), starting at C."""
    chroma = extra("librosa").feature.chroma_stft

    def levels(block: Samples) -> Array:
        power: Array = chroma(S=spectrum(block, 4096) ** 2, sr=RATE, tuning=0.0, norm=None)
        return np.sqrt(power)

    return in_blocks(samples, levels)


WHOLE: dict[str, tuple[Callable[[Samples], Array], int | None]] = {
    "onset": (onset_strength, None),
    "loudness": (loudness, None),
    "harmonic": (parts, 0),
    "percussive": (parts, 1),
    **{note: (notes, number) for number, note in enumerate(NOTES)},
}
