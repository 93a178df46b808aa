"""Footage takes the colours of the result where that is not known."""

import torch

from render.motion.recolouring import recoloured
from render.motion.repainting import mixed


def _picture(seed: int) -> torch.Tensor:
    """Two things side by side, green and red, each with shades of its own."""
    shades = 0.1 * torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(seed))
    colours = torch.tensor([[0.2, 0.6, 0.2], [0.7, 0.2, 0.1]])[:, :, None, None]
    return shades + torch.cat([colours[:1].expand(1, 3, 48, 32), colours[1:].expand(1, 3, 48, 32)], dim=-1)


def test_a_thing_gets_its_own_new_colours_not_its_neighbours() -> None:
    """Green has become blue and red grey; the hole lies on both sides of their border."""
    picture = _picture(1)
    painted = picture.clone()
    painted[..., :32] += torch.tensor([0.1, -0.3, 0.5])[:, None, None]
    painted[..., 32:] += torch.tensor([-0.2, 0.1, 0.2])[:, None, None]
    known = torch.ones(1, 1, 48, 64)
    known[..., 18:30, 26:38] = 0
    found = recoloured(picture, torch.where(known > 0, painted, torch.zeros(())), known)
    assert float((found - painted)[..., 18:30, 26:38].abs().mean()) < 0.04


def test_little_that_is_known_does_not_stand_for_the_rest() -> None:
    picture, known = _picture(2), torch.zeros(1, 1, 48, 64)
    known[..., :2, :8] = 1
    assert float((recoloured(picture, 1 - picture, known) - picture).abs().mean()) < 0.05
    assert torch.equal(recoloured(picture, picture, torch.zeros_like(known)), picture)


def test_only_what_is_not_known_is_recoloured() -> None:
    picture, trust = _picture(3), torch.ones(1, 1, 48, 64)
    trust[..., 6:14, 12:22] = 0
    moved = torch.where(trust > 0, (picture * 0.5 + 0.2).clamp(0, 1), torch.zeros(()))
    found = mixed(picture, moved, 1.0, trust)
    assert torch.equal(torch.where(trust > 0, found, 0), torch.where(trust > 0, moved, 0))
    assert float((found - (picture * 0.5 + 0.2)).abs().max()) < 0.05
    assert torch.equal(mixed(picture, moved, 0.0, trust), picture)
    assert torch.equal(mixed(picture, moved, 0.6, torch.ones_like(trust)), torch.lerp(picture, moved, 0.6))
