"""The clips whose motion is said to be known move as it says, or nothing that is measured on them counts."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from bench.known_motion import Floats, KnownClip, camera, card

CLIPS = {
    "zoom": camera({"zoom": 1.05}, (64, 48)),
    "all": camera({"zoom": 0.99, "rotate": 1.0, "pan_x": 0.02}, (64, 48)),
    "card": card({"pan_x": 0.03, "rotate": 2.0}, {"zoom": 1.01, "pan_x": -0.01}, (64, 48)),
}


def _sampled(values: Floats, vectors: Floats) -> Floats:
    """Read (H, W, C) at every pixel's place plus its vector."""
    height, width = values.shape[:2]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    places = [y + vectors[..., 1], x + vectors[..., 0]]
    return np.stack([map_coordinates(layer, places, order=1, mode="nearest") for layer in values.T.swapaxes(1, 2)], -1)


@pytest.mark.parametrize("clip", CLIPS.values(), ids=CLIPS)
def test_the_truth_takes_one_frame_to_the_next(clip: KnownClip) -> None:
    before, after = (clip.frame(number).astype(np.float64) for number in (4, 5))
    truth = clip.truth(5)
    off = np.abs(_sampled(before, truth.backward) - after).mean(-1)
    assert off[truth.seen].mean() < 0.4 * np.abs(before - after).mean(-1)[truth.seen].mean()


@pytest.mark.parametrize("clip", CLIPS.values(), ids=CLIPS)
def test_there_and_back_is_nothing_where_both_frames_show_it(clip: KnownClip) -> None:
    """But at outlines, where a vector is read between two that differ."""
    truth = clip.truth(5)
    round_trip = np.linalg.norm(truth.backward + _sampled(truth.forward, truth.backward), axis=-1)
    assert np.quantile(round_trip[truth.seen], 0.9) < 1e-6


def test_what_the_card_uncovers_is_not_seen_before() -> None:
    """It moves to the right over a still picture: what was behind it appears on its left, and only there."""
    clip = card({"pan_x": 0.05}, {}, (64, 48))
    hidden = ~clip.truth(1).seen
    before, after = clip.frame(0).astype(int), clip.frame(1).astype(int)
    assert 0.01 < hidden.mean() < 0.08
    assert np.abs(before - after).sum(-1)[hidden].mean() > 30
    assert np.nonzero(hidden)[1].max() < 40


def test_zoom_of_one_percent_moves_by_the_distance_to_the_middle() -> None:
    vectors = camera({"zoom": 1.01}, (65, 49)).truth(1).backward
    assert vectors[24, 32] == pytest.approx([0, 0], abs=1e-9)
    assert vectors[24, 64] == pytest.approx([32 / 1.01 - 32, 0], abs=1e-9)
