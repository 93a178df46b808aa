"""Find the sections of a track, such as verse, chorus and break."""

import numpy as np

from pipeline.audio.beats import Beats
from pipeline.audio.decoding import RATE, Samples, extra
from pipeline.audio.features import loudness, notes
from pipeline.audio.onsets import FRAMES, in_blocks, spectrum
from pipeline.curves.array import Array

_REACH = 4  # bars compared on either side of a boundary
_LEAST = 0.25  # least novelty at a boundary


def find_sections(samples: Samples, beats: Beats, beats_per_bar: int) -> Array:
    """Return the times in seconds at which sections begin, ascending: 0, then starts of bars.

    Source: Foote, "Automatic audio segmentation using a measure of audio novelty" (2000): a checkerboard
        kernel slides along the matrix of the bars' similarity.
    """
    bars = beats.times[beats.downbeat :: beats_per_bar]
    if len(bars) < 2 * _REACH:
        return np.zeros(1)
    looks = _bars(samples, bars)
    alike = looks @ looks.T
    novelty = np.zeros(len(bars))
    for bar in range(_REACH, len(bars) - _REACH + 1):
        before, after = slice(bar - _REACH, bar), slice(bar, bar + _REACH)
        within = alike[before, before].mean() + alike[after, after].mean()
        novelty[bar] = within / 2 - alike[before, after].mean()
    around = [novelty[max(0, bar - _REACH + 1) : bar + _REACH].max() for bar in range(len(bars))]
    peaks = [bar for bar in range(len(bars)) if novelty[bar] > _LEAST and novelty[bar] == around[bar]]
    return np.concatenate([[0.0], bars[peaks]])


def _bars(samples: Samples, bars: Array) -> Array:
    """Return a unit vector for every bar: its timbre, harmony and loudness relative to the whole track."""
    filters = extra("librosa").filters.mel(sr=RATE, n_fft=2048, n_mels=24)
    timbre = in_blocks(samples, lambda block: np.log1p(100 * (filters @ spectrum(block, 2048))))
    seen = np.concatenate([timbre, notes(samples), 4 * np.log1p(20 * loudness(samples))[None]])
    edges = np.clip((np.append(bars, 2 * bars[-1] - bars[-2]) * FRAMES).astype(int), 0, seen.shape[1] - 1)
    so_far = np.cumsum(seen, axis=1)
    means = np.diff(so_far[:, edges], axis=1) / np.maximum(np.diff(edges), 1)
    spread = means.std(axis=1, keepdims=True)
    means = (means - means.mean(axis=1, keepdims=True)) / (spread + 0.05 * spread.max() + 1e-9)
    unit: Array = (means / (np.linalg.norm(means, axis=0) + 1e-9)).T
    return unit
