"""Values are continued smoothly into places where they are not known."""

import torch

from render.motion.repainting import mixed
from render.motion.spreading import spread


def test_what_is_known_stays_and_a_hole_in_one_value_gets_it() -> None:
    values = torch.rand(2, 3, 21, 34, generator=torch.Generator().manual_seed(1))
    known = torch.ones(2, 1, 21, 34)
    known[..., 5:12, 10:20] = 0
    found = spread(values, known)
    assert torch.equal(torch.where(known > 0, found, 0), torch.where(known > 0, values, 0))
    assert torch.allclose(spread(torch.full_like(values, 0.3), known), torch.tensor(0.3), atol=1e-5)


def test_a_hole_between_two_values_lies_between_them() -> None:
    values = torch.linspace(0, 1, 64).expand(1, 1, 48, 64)
    known = torch.ones(1, 1, 48, 64)
    known[..., 24:40] = 0
    hole = spread(torch.where(known > 0, values, torch.tensor(77.0)), known)[..., 24:40]
    assert float(hole.min()) >= values[..., 23].min() - 0.02
    assert float(hole.max()) <= values[..., 40].max() + 0.02


def test_little_that_is_known_does_not_stand_for_the_rest() -> None:
    known = torch.zeros(1, 1, 32, 32)
    known[..., :2, :16] = 1
    assert float(spread(torch.ones(1, 3, 32, 32), known).max()) < 0.2


def test_footage_that_shows_through_has_the_colours_of_the_result() -> None:
    """Uncovered in a result that is redder than its footage, it is as much redder, in its own shapes."""
    own = 0.2 + 0.4 * torch.rand(1, 3, 24, 32, generator=torch.Generator().manual_seed(2))
    redder = own + torch.tensor([0.2, 0.0, -0.1])[:, None, None]
    trust = torch.ones(1, 1, 24, 32)
    trust[..., 6:14, 12:22] = 0
    moved = torch.where(trust > 0, redder, torch.zeros(()))
    assert torch.allclose(mixed(own, moved, 1.0, trust), redder, atol=1e-5)
    assert torch.equal(mixed(own, moved, 0.0, trust), own)
    assert torch.equal(mixed(own, redder, 0.6, torch.ones_like(trust)), torch.lerp(own, redder, 0.6))
