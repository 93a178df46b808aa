"""What a camera in a room sees, against rays that a caster of its own has shot."""

import itertools

import numpy as np
import pytest
import torch

from render.motion.displacements import Displacement
from render.motion.warp import warp
from tests.render.motion.depth.rays import CARDS, SLANTED, WALL, Array, Camera, Card, cast, projected
from tests.render.motion.depth.scenes import (
    FIRST,
    GROUND,
    HEIGHT,
    LAST,
    SIZE,
    WIDTH,
    Mask,
    camera,
    edges,
    inside,
    moved,
    picture,
    pictured,
    positions,
)

FLOOR = Card((-1e9, 1.0, -1e9), (2e9, 0.0, 0.0), (0.0, 0.0, 2e9), 0)
SCENE = (SLANTED, *CARDS)


def shown(before: Camera, after: Camera) -> tuple[Array, Mask, Mask]:
    """Where everything that `after` sees was, whether it was shown there, and which pixels are away from edges."""
    old, new = (cast(each, SCENE, *SIZE) for each in (before, after))
    true, _ = projected(new.points, before, *SIZE)
    there = np.round(true).astype(int).clip(0, [WIDTH - 1, HEIGHT - 1])
    seen = old.card[there[..., 1], there[..., 0]] == new.card
    return true, seen & inside(true), ~edges(new) & ~edges(old, 6)[there[..., 1], there[..., 0]]


def seen_by(found: Displacement) -> Array:
    visible = found.visible(
        torch.from_numpy(np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), -1)[None]).double()
    )
    assert visible is not None
    return visible[0, 0].numpy()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (FIRST, LAST),
        (FIRST, camera(0.2, 0, 0)),
        (FIRST, camera(0, 0, 0.9)),
        (LAST, FIRST),
        (LAST, camera(0.5, 0, 0.7, 6)),
    ],
)
def test_what_was_seen_moves_as_rays_say(before: Camera, after: Camera) -> None:
    depth, fields = pictured(cast(FIRST, SCENE, *SIZE))
    found = moved(depth, before, after, fields)
    true, was_shown, away = shown(before, after)
    if before is not FIRST:  # what FIRST has not seen is not known
        known, was_known, _ = shown(FIRST, after)
        was_shown = was_shown & was_known & inside(known)
    far = np.abs(positions(found) - true).max(axis=-1)[was_shown & away]
    assert len(far) > 0.4 * WIDTH * HEIGHT
    assert (far > 0.1).mean() < 0.002  # at most one pixel in 500, at what was an edge before
    assert (seen_by(found)[was_shown & away] == 1).mean() > 0.998


def test_the_warped_picture_is_that_of_the_caster() -> None:
    old, new = (cast(each, SCENE, *SIZE) for each in (FIRST, LAST))
    depth, fields = pictured(old)
    warped = warp(picture(old), moved(depth, FIRST, LAST, fields), "reflect")
    _, was_shown, away = shown(FIRST, LAST)
    apart = (warped - picture(new)).abs().amax(dim=1)[0].numpy()[was_shown & away]
    assert apart.mean() < 0.01
    back = warp(picture(new), moved(depth, FIRST, LAST, fields).inverse(), "reflect")
    _, was_shown, away = shown(LAST, FIRST)
    apart = (back - picture(old)).abs().amax(dim=1)[0].numpy()[was_shown & away]
    assert apart.mean() < 0.01


def test_what_was_hidden_is_marked_and_not_drawn_from_what_hid_it() -> None:
    """A step of a few pixels: the strip beside a card shows the wall, not the card."""
    before, after = FIRST, camera(0.12, 0, 0)
    scene = (WALL, CARDS[0])
    old, new = (cast(each, scene, *SIZE) for each in (before, after))
    depth, fields = pictured(old)
    found = moved(depth, before, after, fields)
    true, _ = projected(new.points, before, *SIZE)
    there = np.round(true).astype(int).clip(0, [WIDTH - 1, HEIGHT - 1])
    hidden = inside(true) & (new.card == 0) & (old.card[there[..., 1], there[..., 0]] == 1)
    assert hidden.sum() > 50
    assert (seen_by(found)[hidden] < 1).mean() > 0.9
    at = np.round(positions(found)).astype(int).clip(0, [WIDTH - 1, HEIGHT - 1])[hidden]
    assert (old.card[at[:, 1], at[:, 0]] == 0).mean() > 0.95


def test_what_is_in_front_does_not_run_into_what_it_uncovers() -> None:
    """Twelve warps one after the other; the card is green, and the wall behind it red."""
    path = [camera(x, 0, 0) for x in np.linspace(0, 0.36, 13)]
    scene = (WALL, CARDS[0])
    old, new = (cast(each, scene, *SIZE) for each in (path[0], path[-1]))
    depth, fields = pictured(old)
    image = picture(old)
    for before, after in itertools.pairwise(path):
        image = warp(image, moved(depth, before, after, fields), "reflect")
    there, _ = projected(new.points, path[0], *SIZE)
    at = np.round(there).astype(int).clip(0, [WIDTH - 1, HEIGHT - 1])
    uncovered = inside(there) & (new.card == 0) & (old.card[at[..., 1], at[..., 0]] == 1) & ~edges(new, 3)
    assert uncovered.sum() > 200
    red, green, _ = image[0].numpy()
    assert (green - red)[uncovered].mean() < -0.1
    assert ((green - red)[uncovered] > 0).mean() < 0.03


def test_many_small_steps_are_one_large_step() -> None:
    depth, fields = pictured(cast(FIRST, SCENE, *SIZE))
    path = [camera(0.35 * s, -0.1 * s, 0.6 * s, 4 * s, 2 * s, 5 * s) for s in np.linspace(0, 1, 9)]
    points = torch.from_numpy(np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), -1)[None]).double()
    seen = torch.ones(1, 1, HEIGHT, WIDTH)
    for before, after in reversed([*itertools.pairwise(path)]):
        step = moved(depth, before, after, fields)
        shown_there = step.visible(points)
        assert shown_there is not None
        seen = seen * shown_there
        points = step.at(points)
    true, was_shown, away = shown(FIRST, LAST)
    clear = was_shown & away & (seen[0, 0].numpy() == 1)
    assert np.quantile(np.abs(points[0].numpy() - true).max(axis=-1)[clear], 0.99) < 0.1


def test_a_wall_straight_ahead_is_a_homography() -> None:
    """Equal depth everywhere: what flat depth would be if the wall did not keep its distance."""
    depth, fields = pictured(cast(FIRST, (WALL,), *SIZE))
    after = camera(0.3, 0.1, 0.5, 3, -2, 4)
    new = cast(after, (WALL,), *SIZE)
    true, _ = projected(new.points, FIRST, *SIZE)
    good = inside(true)
    assert np.abs(positions(moved(depth, FIRST, after, fields)) - true)[good].max() < 1e-3


@pytest.mark.parametrize("after", [camera(0, 0, 1.5), camera(0.4, -0.3, 0.2, 10, -4, 8), camera(0, 0.5, 0)])
def test_the_ground_moves_as_rays_say(after: Camera) -> None:
    new = cast(after, (FLOOR,), *SIZE)
    true, ahead = projected(new.points, FIRST, *SIZE)
    floor = (new.card == 0) & (ahead > 0.02) & inside(true)
    assert floor.sum() > 0.2 * WIDTH * HEIGHT
    found = positions(moved(GROUND, FIRST, after))
    assert np.abs(found - true)[floor].max() < 1e-6
    far = after.place + 1e9 * rays(after)
    sky, ahead = projected(far, FIRST, *SIZE)
    above = (new.card < 0) & inside(sky)
    assert np.abs(found - sky)[above].max() < 1e-5


def rays(camera: Camera) -> Array:
    x = (np.arange(WIDTH) + 0.5 - WIDTH / 2) / (WIDTH / 2) * camera.tangent
    y = (np.arange(HEIGHT) + 0.5 - HEIGHT / 2) / (WIDTH / 2) * camera.tangent
    found: Array = np.stack([*np.meshgrid(x, y), np.ones((HEIGHT, WIDTH))], axis=-1) @ camera.axes.T
    return found
