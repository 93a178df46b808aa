import math

import torch
from torch import Tensor

from render import augment

TEN_DEGREES = math.radians(10)


def turns(matrices: Tensor) -> Tensor:
    return torch.atan2(-matrices[..., 0, 1], matrices[..., 1, 1])


def test_jitter_only_mirrors_and_turns(generator: torch.Generator) -> None:
    matrices = augment.jitter(3, 500, generator)
    linear = matrices[..., :2, :2]
    torch.testing.assert_close(linear @ linear.mT, torch.eye(2).expand_as(linear), atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.linalg.det(linear).abs(), torch.ones(3, 500))
    assert (matrices[..., :2, 2] == 0).all()
    assert (matrices[..., 2, :] == torch.tensor([0.0, 0.0, 1.0])).all()


def test_turns_go_both_ways_and_stay_below_ten_degrees(generator: torch.Generator) -> None:
    angles = turns(augment.jitter(1, 4000, generator))
    assert TEN_DEGREES * 0.95 < float(angles.max()) <= TEN_DEGREES + 1e-6
    assert -TEN_DEGREES - 1e-6 <= float(angles.min()) < -TEN_DEGREES * 0.95


def test_half_are_mirrored_and_two_fifths_turned(generator: torch.Generator) -> None:
    matrices = augment.jitter(1, 20000, generator)
    mirrored = (torch.linalg.det(matrices) < 0).float().mean()
    turned = (turns(matrices).abs() > 1e-6).float().mean()
    assert abs(float(mirrored) - 0.5) < 0.02
    assert abs(float(turned) - 0.4) < 0.02


def test_mirroring_and_turning_are_independent(generator: torch.Generator) -> None:
    matrices = augment.jitter(1, 20000, generator)
    mirrored = torch.linalg.det(matrices) < 0
    turned = turns(matrices).abs() > 1e-6
    assert abs(float(turned[mirrored].float().mean()) - 0.4) < 0.02


def test_noise_has_a_strength_of_its_own_per_cutout(generator: torch.Generator) -> None:
    added = augment.noise(torch.full((2, 200, 3, 16, 16), 0.5), generator) - 0.5
    strengths = added.flatten(2).std(dim=-1)
    assert float(strengths.max()) < augment.LARGEST_NOISE * 1.1
    assert float(strengths.min()) < augment.LARGEST_NOISE * 0.05
    assert abs(float(strengths.mean()) - augment.LARGEST_NOISE / 2) < 0.003
    assert abs(float(added.mean())) < 5e-4


def test_noise_lets_the_gradient_through_unchanged(generator: torch.Generator) -> None:
    looks = torch.rand(1, 2, 3, 8, 8, generator=generator).requires_grad_()
    weights = torch.rand(looks.shape, generator=generator)
    (gradient,) = torch.autograd.grad((augment.noise(looks, generator) * weights).sum(), looks)
    assert torch.equal(gradient, weights)
