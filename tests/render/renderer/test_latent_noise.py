"""Noise in the latent: its size, its way around the circle, and that it is a change and not a sum."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from render.latents.pixels import Pixels
from render.latents.vqgan import VQGAN
from render.motion.displacements.homography import Homography
from render.renderer.latent_noise import NoiseInLatents, grained, on_circle
from render.renderer.renderer import Renderer
from render.rng import frame_generator, normal
from render.spec import FrameSpec
from render.spec.noise import LatentNoise, NoiseVariation

CPU = torch.device("cpu")
SHAPE = (1, 3, 40, 64)
STILL = Homography(matrices=np.eye(3)[None])
Added = Callable[..., Tensor]


@pytest.fixture
def added(spec: FrameSpec) -> Added:
    """Returns what noise adds to a grey latent, in units of the spread; amounts are small, so nothing is clamped."""

    def measured(noise: LatentNoise, index: int = 5, seed: int = 3) -> Tensor:
        latents = Pixels()
        noise_added = NoiseInLatents(latents).noisy(
            torch.zeros(SHAPE), noise, replace(spec, index=index, seed=seed), STILL
        )
        return noise_added / latents.spread

    return measured


def nearness(field: Tensor, cells: int) -> float:
    """How alike cells are that are so many cells apart, from 0 to 1."""
    return float((field[..., cells:] * field[..., :-cells]).mean() / field.square().mean())


def varied(share: float, before: tuple[float, float] = (0.0, 0.0), amount: float = 0.1, seed: int = 9) -> LatentNoise:
    return LatentNoise(amount=amount, variation=NoiseVariation(seed=seed, share=share, before=before))


def test_fresh_noise_has_the_amount_and_is_another_one_in_every_frame(added: Added) -> None:
    first, again, next_, other = (
        added(LatentNoise(amount=0.1), index, seed) for index, seed in ((5, 3), (5, 3), (6, 3), (5, 4))
    )
    assert float(first.std()) == pytest.approx(0.1, rel=0.03)
    assert abs(float(first.mean())) < 0.005
    assert torch.equal(first, again)
    for unrelated in (next_, other):
        assert abs(float((first * unrelated).mean())) < 0.05 * 0.1**2


def test_a_frame_s_own_numbers_are_not_those_of_its_noise(added: Added) -> None:
    own = normal(SHAPE, frame_generator(3, 5, CPU))
    assert abs(float((own * added(LatentNoise(amount=0.1))).mean()) / 0.1) < 0.05


@pytest.mark.parametrize("share", [0, 0.25, 0.5, 1, 1.7, -3])
def test_the_variance_is_the_same_everywhere_on_the_circle(added: Added, share: float) -> None:
    assert float(added(varied(share)).square().mean().sqrt()) == pytest.approx(0.1, rel=1e-4)


def test_the_circle_goes_through_both_noises_and_closes(added: Added) -> None:
    first, second = added(varied(0)), added(varied(1))
    assert abs(float((first * second).mean())) < 1e-7
    torch.testing.assert_close(added(varied(2)), -first, atol=1e-6, rtol=0)
    torch.testing.assert_close(added(varied(4)), first, atol=1e-6, rtol=0)
    torch.testing.assert_close(added(varied(0.5)), on_circle(first, second, 0.5), atol=1e-6, rtol=0)
    assert not torch.equal(added(varied(1, seed=10)), second)
    assert torch.equal(added(varied(0, seed=10)), first)


def test_what_is_added_is_the_change_so_a_round_adds_nothing(added: Added) -> None:
    shares = [4 * step / 12 for step in range(13)]
    changes = [added(varied(now, (0.1, then))) for then, now in pairwise(shares)]
    assert float(torch.stack(changes).sum(dim=0).abs().max()) < 1e-5
    assert float(added(varied(0.0, (0.1, 0.0))).abs().max()) == 0


def test_the_noise_before_moves_with_the_picture(added: Added, spec: FrameSpec) -> None:
    """Under a pan by 8 cells, the old noise is taken out where the picture now is."""
    latents, shift = Pixels(), np.eye(3)
    shift[0, 2] = 8
    held = latents.spread * added(varied(0.0))
    moved, motion = torch.roll(held, 8, dims=3), Homography(matrices=shift[None])
    left = NoiseInLatents(latents).noisy(moved, varied(0.0, (0.1, 0.0)), replace(spec, seed=3), motion) - held
    assert float(left[..., 12:].abs().max()) < 1e-5


def test_it_varies_as_the_codebook_s_entries_do(embedded_vqgan: VQGAN, spec: FrameSpec) -> None:
    """The oracle is the covariance of the entries; with another seed the same latent gets other noise."""
    middle = embedded_vqgan.codebook.mean(dim=0)[:, None, None].expand(1, -1, 100, 100)
    noise = NoiseInLatents(embedded_vqgan).noisy(middle, LatentNoise(amount=0.05), spec, STILL) - middle
    found, wanted = torch.cov(noise[0].flatten(1)) / 0.05**2, torch.cov(embedded_vqgan.codebook.T)
    assert float((found - wanted).norm() / wanted.norm()) < 0.05


@pytest.mark.parametrize("steps", [0, 2])
def test_a_frame_without_a_predecessor_gets_none_and_one_with_has_it(
    toy_renderer: Renderer, spec: FrameSpec, steps: int
) -> None:
    plain = replace(spec, num_steps=steps)
    noise = replace(plain, noise=LatentNoise(amount=0.1))
    first, first_noisy = toy_renderer.step(None, plain), toy_renderer.step(None, noise)
    assert torch.equal(first.image, first_noisy.image)
    next_plain, next_noisy = toy_renderer.step(first, plain), toy_renderer.step(first, noise)
    assert float((next_plain.image - next_noisy.image).std()) == pytest.approx(0.1 * 0.25, rel=0.3)
    assert next_noisy.latent is not None
    torch.testing.assert_close(Pixels().decode(next_noisy.latent), next_noisy.image)
    cut = toy_renderer.step(first, replace(noise, cut=True))
    assert torch.equal(cut.image, toy_renderer.step(None, replace(plain, cut=True)).image)


@pytest.mark.parametrize("grain", [0.02, 0.1])
def test_grains_have_the_radius_and_leave_the_variance(added: Added, grain: float) -> None:
    """White noise blurred by s is alike by exp(-d^2 / 4 s^2) at a distance of d."""
    field = added(LatentNoise(amount=0.1, grain=grain))
    radius = grain * SHAPE[2]
    for cells in (1, 2, 4):
        assert nearness(field, cells) == pytest.approx(np.exp(-((cells / radius) ** 2) / 4), abs=0.12)
    many = grained(torch.randn(400, *SHAPE[1:], generator=torch.Generator().manual_seed(1)), grain)
    spread = many.std(dim=0)
    assert float(spread.min()) > 0.85
    assert float(spread.max()) < 1.15  # at the border, too


def test_a_variation_may_have_grains(added: Added) -> None:
    soft = replace(varied(1.5), grain=0.1)
    assert nearness(added(soft), 2) > 0.7
    assert float(added(soft).square().mean().sqrt()) == pytest.approx(0.1, rel=1e-4)
    sharp = added(varied(1.5))
    assert abs(nearness(sharp, 2)) < 0.1
