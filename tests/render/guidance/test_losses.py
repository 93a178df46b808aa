import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from render import catalogue
from render.guidance import losses
from render.guidance.followed import Followed
from render.guidance.guide_images import GuideImages
from render.guidance.losses import LossInputs, anchor, prompt, saturation, smooth
from render.guidance.prompts import Targets

NAMES = catalogue.names(losses)
RED = (1.0, 0.0, 0.0)
PICTURES = {
    "noise": torch.rand(2, 3, 8, 12, generator=torch.Generator().manual_seed(1)),
    "red": torch.tensor(RED).view(1, 3, 1, 1).repeat(2, 1, 8, 12),
    "grey": torch.full((2, 3, 8, 12), 0.4),
    "black": torch.zeros(2, 3, 8, 12),
    "white": torch.ones(2, 3, 8, 12),
}


def seen(image: Tensor) -> Tensor:
    """What a perceptor would see in the left and the right half: unit vectors (B, 2, 3)."""
    halves = torch.stack(image.chunk(2, dim=-1), dim=1)
    return F.normalize(halves.mean(dim=(3, 4)) - 0.5, dim=-1)


def aims(*vectors: tuple[float, ...], weights: tuple[float, ...] = (1.0,)) -> Targets:
    return Targets(embeddings=F.normalize(torch.tensor(vectors), dim=-1), weights=torch.tensor(weights))


def inputs_of(image: Tensor, targets: Targets | None = None) -> LossInputs:
    return LossInputs(
        image=image,
        latent=image * 2 - 1,
        anchor=torch.full_like(image, 0.4),
        embeddings=[seen(image)],
        targets=[targets or aims((0.5, -0.5, -0.5))],  # what `seen` returns for red
        shares=[1.0],
        palette=torch.tensor([[[0.3, 0.1, 0.05], [0.7, 0.0, 0.1]]]),  # no picture above lies halfway
        guide_images=GuideImages(
            images=torch.full((len(image), 1, *image.shape[1:]), 0.3),
            weights=torch.ones(len(image), 1),
            embeddings=[aims((0.1, 0.2, 0.9)).embeddings.expand(len(image), 1, 3)],
        ),
        followed=Followed(picture=torch.full_like(image, 0.6), trust=torch.full_like(image[:, :1], 0.5)),
    )


def evaluate(name: str, inputs: LossInputs) -> Tensor:
    result = catalogue.load(losses, name).loss(inputs)
    assert isinstance(result, Tensor)
    return result


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sign", [1.0, -1.0])  # towards red: the same embedding, then the opposite one
def test_a_loss_is_one_finite_number_per_picture_with_finite_gradient(name: str, picture: str, sign: float) -> None:
    image = PICTURES[picture].clone().requires_grad_()
    value = evaluate(name, inputs_of(image, aims((0.5 * sign, -0.5 * sign, -0.5 * sign))))
    assert value.shape == (2,)
    assert torch.isfinite(value).all()
    (gradient,) = torch.autograd.grad(value.sum(), image, allow_unused=False)
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_can_be_minimised_for_every_picture(name: str) -> None:
    image = PICTURES["noise"].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(evaluate(name, inputs_of(image)).sum(), image)
    assert (gradient.abs().sum(dim=(1, 2, 3)) > 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_pictures_of_a_batch_are_independent(name: str) -> None:
    image = PICTURES["noise"]
    together = evaluate(name, inputs_of(image))
    alone = [evaluate(name, inputs_of(image[i : i + 1])) for i in range(2)]
    torch.testing.assert_close(together, torch.cat(alone))
    assert float(together[0]) != float(together[1])


def test_spherical_distance_is_half_the_squared_angle(generator: torch.Generator) -> None:
    a, b = F.normalize(torch.randn(2, 500, 5, generator=generator, dtype=torch.float64), dim=-1)
    angle = torch.arccos((a * b).sum(dim=-1))
    torch.testing.assert_close(prompt.spherical_distance(a, b), angle.square() / 2)


def test_spherical_distance_of_equal_and_opposite_vectors() -> None:
    vector = F.normalize(torch.tensor([1.0, 2.0, 3.0]), dim=0)
    assert float(prompt.spherical_distance(vector, vector)) == pytest.approx(0.0, abs=1e-9)
    assert float(prompt.spherical_distance(vector, -vector)) == pytest.approx(math.pi**2 / 2, abs=0.04)


@pytest.mark.parametrize("shares", [(1.0, 1.0), (3.0, 0.5)])
def test_prompt_loss_is_the_weighted_sum_over_prompts_averaged_over_cutouts_and_perceptors(
    shares: tuple[float, float],
) -> None:
    image = PICTURES["noise"]
    first = aims((1.0, 0.0, 0.0), (0.0, 1.0, 1.0), weights=(2.0, -0.5))
    second = aims((0.0, 0.0, 1.0), weights=(0.7,))
    inputs = LossInputs(
        image=image,
        latent=image,
        anchor=image,
        embeddings=[seen(image), seen(image)],
        targets=[first, second],
        shares=shares,
    )
    wanted = np.zeros(2)
    for share, targets in zip(shares, (first, second), strict=True):
        cosines = np.einsum("bnd,pd->bnp", seen(image).double().numpy(), targets.embeddings.double().numpy())
        distances = (np.arccos(cosines) ** 2 / 2 @ targets.weights.double().numpy()).mean(axis=1)
        wanted += share * distances / sum(shares)
    np.testing.assert_allclose(prompt.loss(inputs).numpy(), wanted, rtol=1e-4)


@pytest.mark.parametrize(("weight", "nearer"), [(1.0, True), (-1.0, False)])
def test_a_positive_weight_pulls_and_a_negative_one_pushes(weight: float, nearer: bool) -> None:
    image = PICTURES["noise"].clone().requires_grad_()
    targets = aims((0.5, -0.5, -0.5), weights=(weight,))
    (gradient,) = torch.autograd.grad(prompt.loss(inputs_of(image, targets)).sum(), image)
    before, after = (seen(picture) @ targets.embeddings[0] for picture in (image.detach(), image.detach() - gradient))
    assert ((after > before) == nearer).all()


def test_prompt_loss_without_prompts_is_zero() -> None:
    image = PICTURES["noise"]
    inputs = LossInputs(image=image, latent=image, anchor=image, embeddings=[], targets=[], shares=[])
    assert torch.equal(prompt.loss(inputs), torch.zeros(2))


def test_total_variation_of_known_pictures() -> None:
    stripes = torch.tensor([0.0, 1.0, 0.0, 1.0]).expand(1, 3, 5, 4)
    ramp = torch.linspace(0, 1, 5)[:, None].expand(1, 3, 5, 4)
    checkerboard = (torch.arange(5)[:, None] + torch.arange(4)).remainder(2).float().expand(1, 3, 5, 4)
    values = [float(smooth.loss(inputs_of(picture))) for picture in (stripes, ramp, checkerboard, PICTURES["grey"][:1])]
    assert values == pytest.approx([1.0, 0.25, 2.0, 0.0])


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_grey_has_zero_colourfulness(level: float) -> None:
    grey = level * torch.linspace(0, 1, 12).expand(2, 3, 8, 12)
    assert float(saturation.colourfulness(grey).max()) < 1e-3


def test_colourfulness_equals_hasler_and_suesstrunk() -> None:
    red, green, blue = PICTURES["noise"].double().numpy().reshape(2, 3, -1).transpose(1, 0, 2)
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = np.hypot(red_green.std(axis=1, ddof=1), yellow_blue.std(axis=1, ddof=1))
    shift = np.hypot(red_green.mean(axis=1), yellow_blue.mean(axis=1))
    np.testing.assert_allclose(saturation.colourfulness(PICTURES["noise"]).numpy(), spread + 0.3 * shift, rtol=1e-5)


def test_less_saturation_loss_means_more_colour() -> None:
    pale = 0.5 + 0.1 * (PICTURES["noise"] - 0.5)
    assert (saturation.loss(inputs_of(PICTURES["noise"])) < saturation.loss(inputs_of(pale))).all()


def test_anchor_is_the_mean_squared_difference() -> None:
    image = torch.full((2, 3, 8, 12), 0.4)
    image[1, :, :4] = 0.9  # half of the second picture is off by 0.5
    torch.testing.assert_close(anchor.loss(inputs_of(image)), torch.tensor([0.0, 0.125]))
