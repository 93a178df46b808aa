"""Beats against those of synthesised tracks: within 35 ms, the F-measure of the field."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.audio.beats import find_beats
from pipeline.audio.decoding import RATE, Samples

TOLERANCE = 0.035
TRACKS: dict[str, dict[str, Any]] = {
    "70 bpm": {"tempos": [(8, 70)]},
    "95 bpm, swing": {"tempos": [(8, 95)], "swing": 2 / 3},
    "120 bpm, silence at the start": {"tempos": [(8, 120)], "silence": 2.7},
    "150 bpm, then 90": {"tempos": [(8, 150), (6, 90)], "swing": 0.6},
    "180 bpm": {"tempos": [(12, 180)]},
    "180 bpm, swing, a kick on every beat": {"tempos": [(12, 180)], "swing": 2 / 3, "four_on_the_floor": True},
}
MANY = {
    f"{bpm} bpm, swing {swing:.2f}, {'every beat' if four else 'backbeat'}": {
        "tempos": [(10, bpm)],
        "swing": swing,
        "four_on_the_floor": four,
        "silence": silence,
    }
    for bpm, silence in ((70, 0), (78, 1.2), (85, 3.1), (100, 0), (115, 0.4), (128, 2), (140, 0), (155, 5), (170, 1))
    for swing in (0.5, 0.58, 2 / 3)
    for four in (False, True)
} | {
    f"{first} then {second} bpm": {"tempos": [(8, first), (8, second)]}
    for first, second in ((100, 125), (125, 100), (75, 120), (150, 90), (90, 96))
}


def f_measure(found: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """The F-measure: twice the beats found at the right time, divided by all that were found plus all that exist."""
    nearest = np.abs(found[:, None] - true).argmin(axis=1)
    hits = len({int(beat) for beat, time in zip(nearest, found, strict=True) if abs(true[beat] - time) <= TOLERANCE})
    return 2 * hits / (len(found) + len(true))


def resampled(module: ModuleType, samples: NDArray[np.float64]) -> Samples:
    from scipy.signal import resample_poly

    found: Samples = resample_poly(samples, RATE // 150, module.RATE // 150).astype(np.float32)
    return found


def assert_found(module: ModuleType, settings: dict[str, Any]) -> None:
    track = module.compose(**settings)
    found = find_beats(resampled(module, track.samples))
    assert f_measure(found.times, track.beats) >= 0.95
    if len(settings["tempos"]) == 1:
        first = int(np.abs(track.beats - found.times[found.downbeat]).argmin())
        assert first % 4 == 0, "a bar begins elsewhere"


@pytest.mark.parametrize("name", TRACKS)
def test_beats_fall_where_they_were_played(synthesise: ModuleType, name: str) -> None:
    assert_found(synthesise, TRACKS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", MANY)
def test_beats_of_many_tracks(synthesise: ModuleType, name: str) -> None:
    assert_found(synthesise, MANY[name])


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(RATE * 3), np.ones(100)])
def test_a_track_without_onsets_has_no_beats(samples: NDArray[np.float64]) -> None:
    assert len(find_beats(samples.astype(np.float32)).times) == 0


def test_the_f_measure_notices_wrong_beats() -> None:
    true: NDArray[np.float64] = np.arange(40.0) * 0.5
    assert f_measure(true + 0.03, true) == 1
    assert f_measure(true + 0.05, true) == 0
    assert f_measure(np.arange(80.0) * 0.25, true) == pytest.approx(2 / 3)


@pytest.mark.parametrize("late", [-0.01, 0.0, 0.005, 0.02, 0.06])
@pytest.mark.parametrize("tone", [0.0, 0.2])
def test_a_track_cut_at_a_bar_has_no_beat_at_its_end(synthesise: ModuleType, late: float, tone: float) -> None:
    """The next bar's first kick, cut off, or the click of a tone that breaks off, begins no ninth bar."""
    samples = synthesise.compose([(9, 124.0)]).samples[: round((8 * 240 / 124 + late) * synthesise.RATE)]
    samples = samples * (1 - tone) + tone * np.sin(2 * np.pi * 220 * np.arange(len(samples)) / synthesise.RATE)
    found = find_beats(resampled(synthesise, samples))
    assert len(found.times) == 32
    assert found.times[-1] == pytest.approx(31 * 60 / 124, abs=0.03)


def test_a_last_beat_before_some_sound_counts(synthesise: ModuleType) -> None:
    samples = synthesise.compose([(9, 124.0)]).samples[: round((8 * 240 / 124 + 0.2) * synthesise.RATE)]
    assert len(find_beats(resampled(synthesise, samples)).times) == 33
