"""Find the beats of a track from its onsets; the tempo may change.

Sources: Ellis, "Beat tracking by dynamic programming" (2007), for the beats; Grosche, Müller, Kurth, "Cyclic
    tempogram" (2010), by librosa, for the tempo, whose path through time is found by Viterbi's algorithm. What differs
    from librosa's own tracker: the tempo may jump, it is distinguished from twice and half of it by the accents between
    the beats, and beats are placed between the hops.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.audio.decoding import RATE, Samples, extra
from pipeline.audio.onsets import FRAMES, HOP, in_blocks, low_onsets, onset_strength, spectrum
from pipeline.curves.array import Array

SLOWEST, FASTEST = 65.0, 190.0  # beats per minute
_WINDOW = 8.0  # seconds of the window in which a tempo is estimated
_TIGHT = 60.0  # the weight of deviations of the beats' distances from the period
_LOUDEST = 4.0  # standard deviations at which onsets are clipped, so that no single crash outweighs the beat
_JUMP = 6.0  # the largest cost of a change of tempo
_EQUAL, _WEAK = 0.6, 0.3  # thresholds, relative to a beat's accent
_AFTER_LAST = 0.25  # in beats: how long the track must continue after its last beat
_NEAR = 0.03  # seconds before and after a beat in which its onset is searched


@dataclass(frozen=True, kw_only=True)
class Beats:
    """Times of all beats in seconds, ascending, and the number of the first one that begins a bar."""

    times: Array
    downbeat: int


def find_beats(samples: Samples, beats_per_bar: int = 4) -> Beats:
    """Find the beats of mono samples, `RATE` per second; none if there are no onsets."""
    flux, low = onset_strength(samples), low_onsets(samples)
    loud = np.flatnonzero(flux > 0.05 * flux.max(initial=0.0))
    if len(loud) < 2 or loud[-1] - loud[0] < FRAMES:
        return Beats(times=np.zeros(0), downbeat=0)
    begin, end = int(loud[0]), int(loud[-1]) + 1
    accents = _even(flux + low)[begin:end]
    periods = _periods(accents)
    found = _tracked(accents, periods)
    found = _before_the_end(_at_level(found, accents) + begin, len(samples) / HOP)
    times = _refined(found, flux + low) / FRAMES
    return Beats(times=times, downbeat=_downbeat(found, low, samples, beats_per_bar))


def _even(flux: Array) -> Array:
    """Make onsets in quiet parts as strong as those in loud ones: divide by the level of the surrounding seconds."""
    from scipy.ndimage import gaussian_filter1d

    level = np.sqrt(gaussian_filter1d(flux**2, 2.0 * FRAMES)) + 0.02 * flux.max()
    even = flux / level
    capped: Array = np.minimum(even / even.std(), _LOUDEST)
    return capped


def _periods(accents: Array) -> Array:
    """Return the beat's period in hops, at every hop, from the best path through the tempogram."""
    librosa = extra("librosa")
    window = min(round(_WINDOW * FRAMES), len(accents))
    smooth = np.convolve(accents, np.hanning(7) / np.hanning(7).sum(), "same")
    grams = librosa.feature.tempogram(onset_envelope=smooth, sr=RATE, hop_length=HOP, win_length=window)
    tempos = np.geomspace(SLOWEST, FASTEST, 109)  # one per cent apart
    lags = 60 * FRAMES / tempos
    every = max(1, round(FRAMES / 4))
    whole = np.clip(np.arange(0, len(accents), every), window // 2, max(window // 2, len(accents) - 1 - window // 2))
    columns = grams[:, whole]  # closer to the ends, a window is half empty and unreliable
    score = sum(
        weight * np.stack([np.interp(lags * times, np.arange(len(column)), column) for column in columns.T])
        for times, weight in ((1, 1.0), (2, 0.6), (4, 0.4), (0.5, 0.3))
    )
    score = score - 0.15 * np.log2(tempos / 115) ** 2
    path = _best_path(np.asarray(score) * 4)
    return np.repeat(lags[path], every)[: len(accents)]


def _best_path(score: Array) -> Array:
    """Find the best path through (moments, states); the cost of a step grows with its distance, up to `_JUMP`."""
    states = np.arange(score.shape[1])
    cost = np.minimum(0.5 * np.abs(states[:, None] - states[None]), _JUMP)
    total, back = score[0], np.zeros(score.shape, dtype=int)
    for moment in range(1, len(score)):
        options = total[None] - cost
        back[moment] = options.argmax(axis=1)
        total = options.max(axis=1) + score[moment]
    path = np.zeros(len(score), dtype=int)
    path[-1] = int(total.argmax())
    for moment in range(len(score) - 1, 0, -1):
        path[moment - 1] = back[moment, path[moment]]
    return path


def _tracked(accents: Array, periods: Array) -> Array:
    """Return the hops of the beats: the sequence with the strongest onsets and distances closest to the period."""
    score, back = np.zeros(len(accents)), np.full(len(accents), -1)
    for hop in range(len(accents)):
        period = periods[hop]
        first, last = max(0, hop - round(2 * period)), hop - round(period / 2) + 1
        score[hop] = accents[hop]
        if last > first:
            gaps = hop - np.arange(first, last)
            reached = score[first:last] - _TIGHT * np.log(gaps / period) ** 2
            best = int(reached.argmax())
            if reached[best] > 0:
                score[hop] += reached[best]
                back[hop] = first + best
    hop = int(score.argmax())
    found = [hop]
    while back[hop] >= 0:
        hop = int(back[hop])
        found.append(hop)
    return np.array(found[::-1])


def _at_level(found: Array, accents: Array) -> Array:
    """Double the beats if the accents between them are as strong; halve them if every second one is weak."""

    def strength(hops: Array) -> float:
        around = np.clip(hops[:, None] + np.arange(-2, 3), 0, len(accents) - 1)
        return float(accents[around].max(axis=1).mean())

    middles = (found[:-1] + found[1:]) // 2
    tempo = 60 * FRAMES / float(np.median(np.diff(found)))
    if tempo * 2 <= FASTEST * 1.05 and strength(middles) > _EQUAL * strength(found):
        return np.sort(np.concatenate([found, middles]))
    evens, odds = strength(found[::2]), strength(found[1::2])
    if tempo / 2 >= SLOWEST * 0.95 and min(evens, odds) < _WEAK * max(evens, odds):
        return found[::2] if evens > odds else found[1::2]
    return found


def _before_the_end(found: Array, end: float) -> Array:
    """Drop a last beat right before the track's end: a track that is cut at the end of a bar ends with a click."""
    late = len(found) > 2 and end - found[-1] < _AFTER_LAST * (found[-1] - found[-2])
    return found[:-1] if late else found


def _refined(found: Array, flux: Array) -> Array:
    """Move each beat to the peak of the strongest onset near it, to fractions of a hop."""
    reach = round(_NEAR * FRAMES)
    times = []
    for hop in found:
        first = max(0, hop - reach)
        near = flux[first : hop + reach + 1]
        peak = first + int(near.argmax())
        around = flux[max(peak - 1, 0) : peak + 2]
        bend = around[0] - 2 * around[1] + around[2] if len(around) == 3 else 0.0
        times.append(peak + (0.5 * (around[0] - around[2]) / bend if bend < 0 else 0.0) if near.max() > 0 else hop)
    return np.array(times)


def _downbeat(found: Array, low: Array, samples: Samples, beats_per_bar: int) -> int:
    """Return the number of the beat that begins the first whole bar: where harmony changes and low tones start."""
    kicks = low[np.clip(found[:, None] + np.arange(-2, 3), 0, len(low) - 1)].max(axis=1)
    signs = _scaled(_changes(found, samples, max(1, beats_per_bar // 2))) + 0.5 * _scaled(kicks)
    bars = [float(signs[first::beats_per_bar].mean()) for first in range(min(beats_per_bar, len(found)))]
    return int(np.argmax(bars))


def _changes(found: Array, samples: Samples, span: int) -> Array:
    """Return, from 0 to 1, how the harmony of the `span` beats from each beat on differs from the `span` before it."""
    librosa = extra("librosa")

    def harmony(block: Samples) -> Array:
        notes: Array = librosa.feature.chroma_stft(S=spectrum(block, 4096) ** 2, sr=RATE, tuning=0.0, norm=None)
        return notes

    so_far = np.cumsum(np.sqrt(in_blocks(samples, harmony)), axis=1)
    edges = np.clip(np.append(found, 2 * found[-1] - found[-2]), 0, so_far.shape[1] - 1)
    number = np.arange(len(found))
    after = so_far[:, edges[np.minimum(number + span, len(found))]] - so_far[:, edges[number]]
    before = so_far[:, edges[number]] - so_far[:, edges[np.maximum(number - span, 0)]]
    alike = (after * before).sum(axis=0) / (np.linalg.norm(after, axis=0) * np.linalg.norm(before, axis=0) + 1e-9)
    changes: Array = 1 - alike
    changes[0] = changes[1:].mean()  # there is nothing before it
    return changes


def _scaled(values: Array) -> Array:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread else np.zeros_like(values)
