"""Pictures of one subject: a seed gives one picture, with captions that name it."""

import numpy as np
import pytest

from render.training.scenes import SUBJECTS, is_held_out, make_subject
from render.training.scenes.canvas import Canvas
from render.training.scenes.outlines import Place, curve, limb, oval, points, region, solid


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_subject_draws_and_names_itself(name: str) -> None:
    for seed in range(6):
        picture, captions = make_subject(seed, 40, name)
        again, words = make_subject(seed, 40, name)
        assert picture.shape == (40, 40, 3)
        assert picture.dtype == np.uint8
        assert np.array_equal(picture, again)
        assert captions == words
        assert len(captions) >= 2
        assert all(caption == caption.strip() and caption for caption in captions)
        assert not any(is_held_out(caption) for caption in captions)
        assert picture.std() > 8


@pytest.mark.parametrize("name", SUBJECTS)
def test_seeds_of_a_subject_differ(name: str) -> None:
    pictures = [make_subject(seed, 24, name)[0].astype(float) for seed in range(6)]
    gaps = [np.abs(a - b).mean() for k, a in enumerate(pictures) for b in pictures[:k]]
    assert min(gaps) > 4


def test_without_a_name_every_subject_comes() -> None:
    captions = {tuple(make_subject(seed, 16)[1]) for seed in range(40)}
    assert len(captions) > 25
    assert np.array_equal(make_subject(5, 32)[0], make_subject(5, 32)[0])


def _canvas(size: int) -> Canvas:
    return Canvas(np.random.default_rng(0), size)


def test_a_region_covers_the_area_of_its_outline() -> None:
    c = _canvas(200)
    assert region(c, oval(0.5, 0.5, 0.3, 0.2)).mean() == pytest.approx(np.pi * 0.3 * 0.2, rel=0.03)
    square = Place(0.5, 0.5, 0.1, 1, np.pi / 4)(points("-1,-1 1,-1 1,1 -1,1"))
    assert region(c, square).mean() == pytest.approx(0.04, rel=0.03)
    assert region(c, square + 2).max() == 0


def test_a_region_is_cut_off_at_the_border_not_moved() -> None:
    c = _canvas(100)
    half = region(c, oval(0.0, 0.5, 0.2, 0.2))
    whole = region(c, oval(0.5, 0.5, 0.2, 0.2))
    assert half.sum() == pytest.approx(whole.sum() / 2, rel=0.04)
    assert half[:, 30:].max() == 0


def test_a_curve_passes_through_its_points() -> None:
    corners = points("0,0 1,0 1,1 0,1")
    assert np.allclose(curve(corners)[::6], corners)
    line = curve(corners, closed=False)
    assert np.allclose(line[::6], corners)


def test_a_limb_tapers() -> None:
    outline = limb([(0, 0), (1, 0), (2, 0)], 0.2, 0.1)
    assert np.ptp(outline[np.abs(outline[:, 0]) < 1e-6, 1]) == pytest.approx(0.4, rel=1e-3)
    assert np.ptp(outline[np.abs(outline[:, 0] - 2) < 1e-6, 1]) == pytest.approx(0.2, rel=1e-3)


def test_a_solid_changes_only_what_its_mask_covers() -> None:
    c = _canvas(64)
    c.image[:] = 100.0
    mask = region(c, oval(0.5, 0.5, 0.2, 0.2))
    solid(c, mask, (200, 50, 50))
    assert np.array_equal(c.image[mask == 0], np.full_like(c.image[mask == 0], 100.0))
    inside = c.image[mask == 1]
    assert inside[:, 0].mean() > 140
    assert inside[:, 1].mean() < 70
