import math

import torch
from torch import Tensor

from render.guidance import augment
from render.spec import AUGMENTS

TEN_DEGREES = math.radians(10)
LIGHT, FULL = (augment.STRENGTHS[name] for name in ("light", "full"))


def turns(matrices: Tensor) -> Tensor:
    return torch.atan2(-matrices[..., 0, 1], matrices[..., 1, 1])


def test_jitter_only_mirrors_and_rotates(generator: torch.Generator) -> None:
    matrices = augment.jitter(3, 500, LIGHT, generator)
    linear = matrices[..., :2, :2]
    torch.testing.assert_close(linear @ linear.mT, torch.eye(2).expand_as(linear), atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.linalg.det(linear).abs(), torch.ones(3, 500))
    assert (matrices[..., :2, 2] == 0).all()
    assert (matrices[..., 2, :] == torch.tensor([0.0, 0.0, 1.0])).all()


def test_rotations_go_both_ways_and_stay_below_ten_degrees(generator: torch.Generator) -> None:
    angles = turns(augment.jitter(1, 4000, LIGHT, generator))
    assert TEN_DEGREES * 0.95 < float(angles.max()) <= TEN_DEGREES + 1e-6
    assert -TEN_DEGREES - 1e-6 <= float(angles.min()) < -TEN_DEGREES * 0.95


def test_half_are_mirrored_and_two_fifths_rotated(generator: torch.Generator) -> None:
    matrices = augment.jitter(1, 20000, LIGHT, generator)
    mirrored = (torch.linalg.det(matrices) < 0).float().mean()
    turned = (turns(matrices).abs() > 1e-6).float().mean()
    assert abs(float(mirrored) - 0.5) < 0.02
    assert abs(float(turned) - 0.4) < 0.02


def test_mirroring_and_rotation_are_independent(generator: torch.Generator) -> None:
    matrices = augment.jitter(1, 20000, LIGHT, generator)
    mirrored = torch.linalg.det(matrices) < 0
    turned = turns(matrices).abs() > 1e-6
    assert abs(float(turned[mirrored].float().mean()) - 0.4) < 0.02


def test_each_cutout_has_its_own_noise_strength(generator: torch.Generator) -> None:
    added = augment.noise(torch.full((2, 200, 3, 16, 16), 0.5), LIGHT, generator) - 0.5
    strengths = added.flatten(2).std(dim=-1)
    assert float(strengths.max()) < LIGHT.noise * 1.1
    assert float(strengths.min()) < LIGHT.noise * 0.05
    assert abs(float(strengths.mean()) - LIGHT.noise / 2) < 0.003
    assert abs(float(added.mean())) < 5e-4


def test_noise_does_not_change_the_gradient(generator: torch.Generator) -> None:
    looks = torch.rand(1, 2, 3, 8, 8, generator=generator).requires_grad_()
    weights = torch.rand(looks.shape, generator=generator)
    (gradient,) = torch.autograd.grad((augment.noise(looks, LIGHT, generator) * weights).sum(), looks)
    assert torch.equal(gradient, weights)


def test_the_strengths_are_those_that_a_spec_allows() -> None:
    assert tuple(augment.STRENGTHS) == AUGMENTS


def test_full_augmentation_shifts_and_tilts_at_the_stated_rates(generator: torch.Generator) -> None:
    matrices = augment.jitter(1, 20000, FULL, generator)[0]
    turned = turns(matrices).abs() > 1e-6
    moved = matrices[:, :2, 2].abs().sum(dim=1) > 0
    tilted = matrices[:, 2, :2].abs().sum(dim=1) > 0
    assert torch.equal(turned, moved)
    assert abs(float(turned.float().mean()) - 0.8) < 0.02
    assert abs(float(tilted.float().mean()) - 0.4) < 0.02
    assert 0.19 < float(matrices[:, :2, 2].abs().max()) <= 0.2
    assert 0.09 < float(matrices[:, 2, :2].abs().max()) <= 0.1


def only(**changes: float) -> augment.Strength:
    return augment.Strength(turn_share=0, turn=0, noise=0, **changes)  # type: ignore[arg-type]


def test_a_tint_preserves_brightness_and_greys(generator: torch.Generator) -> None:
    looks = torch.rand(2, 50, 3, 4, 4, generator=generator)
    tinted = augment.alter(looks, only(tint_share=1.0, tint=0.1), generator)
    luma = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    torch.testing.assert_close((tinted * luma).sum(dim=2), (looks * luma).sum(dim=2), atol=2e-3, rtol=0)
    grey = torch.rand(2, 50, 1, 4, 4, generator=generator).expand(-1, -1, 3, -1, -1)
    altered = augment.alter(grey, only(tint_share=1.0, tint=0.1), generator)
    torch.testing.assert_close(altered, grey, atol=2e-3, rtol=0)
    assert float((tinted - looks).abs().max()) > 0.1


def test_hues_rotate_through_the_full_circle(generator: torch.Generator) -> None:
    red = torch.zeros(1, 1, 3, 1, 1)
    red[0, 0, 0] = 1.0
    angles = [float(augment.alter(red, only(tint_share=1.0, tint=1.0), generator)[0, 0].argmax()) for _ in range(60)]
    assert set(angles) == {0.0, 1.0, 2.0}


def test_erasing_covers_a_tenth_to_two_fifths_of_some_cutouts(generator: torch.Generator) -> None:
    looks = torch.ones(4, 500, 3, 40, 40)
    covered = augment.alter(looks, only(cover_share=0.7), generator)
    assert ((covered == 0) | (covered == 1)).all()
    assert torch.equal(covered[:, :, 0], covered[:, :, 2])
    shares = 1 - covered[:, :, 0].mean(dim=(2, 3)).flatten()
    touched = shares > 0
    assert abs(float(touched.float().mean()) - 0.7) < 0.03
    assert 0.05 < float(shares[touched].min()) < 0.14
    assert 0.36 < float(shares.max()) < 0.46
    rows = (covered[:, :, 0] == 0).any(dim=3).float().mean(dim=(0, 1))
    assert float(rows.min()) > 0.02  # every place is covered sometimes


def test_disabled_augmentations_change_nothing(generator: torch.Generator) -> None:
    looks = torch.rand(1, 3, 3, 8, 8, generator=generator)
    assert torch.equal(augment.alter(looks, only(), generator), looks)
