"""Beats on a grid: a constant tempo equals evenly spaced beats, and nothing jumps where the tempo changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curves.beat_grid import Beat, BeatGrid

EVEN = Beat(bpm=90, beats_per_bar=3, offset=0.5)
GRID = BeatGrid.of([(0.5 + beat * 60 / 90, float(beat)) for beat in range(12)], 3)
CHANGING = BeatGrid.of([(0.0, -1.0), (1.0, 1.0), (2.0, 2.0), (5.0, 11.0)], 4)


@given(st.floats(-20, 60), st.floats(-10, 10))
def test_a_grid_of_one_tempo_is_that_tempo(time: float, beats: float) -> None:
    assert GRID.bpm == pytest.approx(EVEN.bpm)
    assert GRID.offset == pytest.approx(EVEN.offset)
    assert GRID.beats_at(np.array(time)) == pytest.approx(EVEN.beats_at(np.array(time)), abs=1e-9)
    assert GRID.after(time, beats) == pytest.approx(EVEN.after(time, beats), abs=1e-9)
    assert GRID.duration(abs(beats)) == pytest.approx(EVEN.duration(abs(beats)), abs=1e-9)


@given(st.floats(-5, 20))
def test_times_and_numbers_are_inverse(time: float) -> None:
    assert CHANGING.times_of(CHANGING.beats_at(np.array(time))) == pytest.approx(time, abs=1e-9)


@pytest.mark.parametrize("beats", [EVEN, GRID, CHANGING])
@given(start=st.floats(0, 8), time=st.floats(0, 8))
def test_a_shot_counts_beats_from_its_first_one(beats: Beat, start: float, time: float) -> None:
    part = beats.starting_at(start)
    assert part.offset >= -1e-9
    assert part.beats_at(np.array(part.offset)) == pytest.approx(0, abs=1e-5)
    missing = beats.beats_at(np.array(start + time)) - part.beats_at(np.array(time))
    assert missing == pytest.approx(round(float(missing)), abs=1e-4)  # whole beats were left out
    assert part.beats_at(np.array(0.0)) > -1


def test_beats_have_their_local_length() -> None:
    assert CHANGING.after(0.0, 2) == pytest.approx(1.0)
    assert CHANGING.after(1.5, 0.5 + 3) == pytest.approx(3.0)
    assert CHANGING.after(2.0, -1) == pytest.approx(1.0)
