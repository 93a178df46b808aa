"""Signals: envelopes against their formulas, and sampling that neither loses nor invents anything."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio.decoding import RATE
from pipeline.audio.features import band, loudness
from pipeline.audio.onsets import FRAMES
from pipeline.curves.signals import Follow, PiecewiseCubic, Signal


def test_an_envelope_rises_and_falls_within_attack_and_release() -> None:
    steps = np.r_[np.zeros(10), np.ones(1000), np.zeros(1000)]
    followed = Follow(attack=0.1, release=0.5, normalize=False)(steps, rate=1000)
    rise, fall = followed[10:1010], followed[1010:]
    np.testing.assert_allclose(rise, 1 - np.exp(-np.arange(1, 1001) / 100), atol=1e-12)
    np.testing.assert_allclose(fall, rise[-1] * np.exp(-np.arange(1, 1001) / 500), atol=1e-12)


def test_normalized_and_cut_off() -> None:
    values = np.array([0.0, 1.0, 2.0, 4.0])
    np.testing.assert_allclose(Follow()(values, 1), [0, 0.25, 0.5, 1])
    np.testing.assert_allclose(Follow(threshold=0.5)(values, 1), [0, 0, 0, 1])
    np.testing.assert_allclose(Follow(normalize=False, threshold=1)(values, 1), [0, 0, 1, 3])
    assert not Follow()(np.zeros(3), 1).any()


@given(st.floats(0.5, 1.5), st.sampled_from([8, 12, 15, 24, 25, 29.97, 30]))
def test_a_hit_has_the_same_sum_at_every_frame_rate_and_peaks_in_its_frame(at: float, fps: float) -> None:
    """Whatever the frame rate, the frames of one hit add up to the hit; the frame that shows it is its own."""
    rate = 1000.0
    values = np.zeros(3000)
    values[round(at * rate)] = rate
    signal = Signal(values=values, rate=rate, fps=fps)
    seen = signal.at(np.arange(round(3 * fps)) / fps)
    assert seen.sum() / fps == pytest.approx(1, abs=0.01)
    shown = int(seen.argmax())
    assert shown / fps - 0.01 <= round(at * rate) / rate <= (shown + 1) / fps + 0.01


def test_changes_faster_than_the_frame_rate_do_not_alias() -> None:
    """13 Hz seen 12 times a second would be a slow 1 Hz wave of the same height."""
    rate, fps = 86.0, 12.0
    t = np.arange(int(20 * rate)) / rate
    times = np.arange(24, 200) / fps
    fast = Signal(values=np.sin(2 * np.pi * 13 * t), rate=rate, fps=fps).at(times)
    slow = Signal(values=np.sin(2 * np.pi * 1 * t), rate=rate, fps=fps).at(times)
    assert np.abs(fast).max() < 0.05
    np.testing.assert_allclose(slow, np.sin(2 * np.pi * (times + 0.5 / fps)), atol=0.06)


def test_a_signal_of_a_shot_starts_at_the_shot() -> None:
    values = np.random.default_rng(0).uniform(size=500)
    signal = Signal(values=values, rate=50.0, fps=25.0)
    times = np.linspace(0, 4, 101)
    np.testing.assert_allclose(signal.starting_at(3.0).at(times), signal.at(times + 3), atol=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_interpolation_stays_between_its_two_values(values: list[float]) -> None:
    curve = PiecewiseCubic(np.array(values), 1.0)
    np.testing.assert_allclose(curve(np.arange(float(len(values)))), np.array(values), atol=1e-12)
    for start in range(len(values) - 1):
        low, high = sorted(values[start : start + 2])
        between = curve(start + np.linspace(0, 1, 33)[:-1])
        assert low - 1e-9 <= between.min()
        assert between.max() <= high + 1e-9


def test_a_band_contains_only_its_own_frequencies() -> None:
    t = np.arange(2 * RATE) / RATE
    samples = (np.sin(2 * np.pi * 70 * t) * (t < 1) + np.sin(2 * np.pi * 3000 * t) * (t >= 1)).astype(np.float32)
    low, high = band(samples, 40, 120), band(samples, 2000, 5000)
    first, second = slice(20, 80), slice(-60, -10)
    assert low[first].mean() > 20 * low[second].mean()
    assert high[second].mean() > 20 * high[first].mean()
    np.testing.assert_allclose(loudness(samples)[first].mean(), 0.5**0.5, rtol=0.02)
    assert len(low) == 1 + int(2 * FRAMES)
