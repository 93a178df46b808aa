"""Filling what is unknown, and joining two pictures."""

import torch

from render.motion.canvas.spreading import joint, spread


def middle(height: int, width: int, rim: int) -> torch.Tensor:
    area = torch.zeros(1, 1, height, width)
    area[..., rim:-rim, rim:-rim] = 1.0
    return area


def test_what_is_known_stays_and_what_is_not_lies_between(generator: torch.Generator) -> None:
    values, known = torch.rand(2, 3, 13, 22, generator=generator), middle(13, 22, 4).expand(2, -1, -1, -1)
    found = spread(values, known)
    inside = known.bool().expand_as(values)
    assert torch.equal(found[inside], values[inside])
    assert float(found.min()) >= float(values[inside].min())
    assert float(found.max()) <= float(values[inside].max())


def test_a_constant_spreads_everywhere() -> None:
    known = middle(21, 10, 3)
    torch.testing.assert_close(spread(0.3 * known, known), torch.full((1, 1, 21, 10), 0.3))


def test_far_inside_nothing_changes_and_outside_an_offset_is_removed(generator: torch.Generator) -> None:
    scene = 0.3 + 0.4 * torch.rand(1, 3, 40, 50, generator=generator)
    area = middle(40, 50, 8)
    shifted = scene + torch.tensor([0.1, -0.2, 0.05]).view(1, 3, 1, 1)
    joined = joint(shifted, scene * area, area, rim=2).joined(shifted, scene * area)
    torch.testing.assert_close(joined, scene, atol=1e-6, rtol=0)


def test_the_rim_is_that_of_the_outer_picture(generator: torch.Generator) -> None:
    """So that what a decoder draws wrongly at its border does not move into the picture."""
    scene = 0.3 + 0.4 * torch.rand(1, 3, 40, 50, generator=generator)
    area = middle(40, 50, 8)
    damaged = scene.clone()
    damaged[..., 8, :] = damaged[..., 9, :] = 1.0
    joined = joint(scene, damaged, area, rim=2).joined(scene, damaged)
    torch.testing.assert_close(joined, scene, atol=1e-6, rtol=0)
