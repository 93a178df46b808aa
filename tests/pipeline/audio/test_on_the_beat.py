"""Motion that is seen: in the pictures themselves, it peaks on the beats of the track."""

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.loader import load_schedule
from pipeline.preview import draw_card, motion
from pipeline.timeline import Timeline


@pytest.mark.parametrize("fps", [10, 24])
def test_pictures_move_most_on_the_beats(write: Callable[..., Path], fps: int) -> None:
    """A kick falls on every first and third beat: from 0.5 s on, once a second."""
    text = (
        "music: {file: song.flac, signals: {kick: {band: [40, 120], release: 60ms, threshold: 0.3}}}\n"
        f"output: {{size: [96, 64], fps: {fps}, length: 8s}}\nmotion: {{pan_x: 60*kick, border: wrap}}\n"
    )
    schedule = load_schedule(write(text))
    seen = [pixels.astype(float) for pixels, _ in motion(Timeline(schedule), draw_card(96, 64))]
    moved = np.array([np.abs(after - before).mean() for before, after in itertools.pairwise(seen)])
    moved = np.concatenate([[0.0], moved])  # how frame i differs from the one before
    for kick in np.arange(0.5, 7.5):
        near = np.arange(round((kick - 0.3) * fps), round((kick + 0.3) * fps) + 1)
        peak = near[moved[near].argmax()]
        assert abs(peak - kick * fps) <= 1.01, f"the kick at {kick} s is seen at {peak / fps:.2f} s"
