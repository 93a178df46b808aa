"""The symmetry losses on known pixels: where they are zero, what they are elsewhere, which pixels they move."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from render import catalogue
from render.guidance import losses
from render.guidance.losses import LossInputs
from render.latents.pixels import Pixels
from render.refinement.joint_steps import refined
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Refinement
from render.rng import frame_generator
from render.spec import FrameSpec

CPU = torch.device("cpu")
NAMES = ("symmetry_x", "symmetry_y", "symmetry_radial")


def evaluate(name: str, image: Tensor) -> Tensor:
    inputs = LossInputs(image=image, latent=image, anchor=image, embeddings=[], targets=[], shares=[])
    result: Tensor = catalogue.load(losses, name).loss(inputs)
    return result


def polar(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Radius in half heights and angle of every pixel centre, about the middle of the picture: (H, W) each."""
    down, across = (torch.arange(size) + 0.5 - size / 2 for size in (height, width))
    y, x = torch.meshgrid(down, across, indexing="ij")
    return torch.hypot(x, y) / (height / 2), torch.atan2(y, x)


def petals(count: int, height: int = 96, width: int = 128) -> Tensor:
    """A flower of `count` petals, grey in the middle where its angle changes too fast for pixels: (1, 3, H, W)."""
    radius, angle = polar(height, width)
    picture = 0.5 + 0.5 * torch.clamp(3 * radius - 0.5, 0, 1) * torch.cos(count * angle)
    return picture.expand(1, 3, -1, -1).clone()


@pytest.mark.parametrize(("name", "mirror"), [("symmetry_x", (2, 1, 2, 6)), ("symmetry_y", (2, 1, 5, 1))])
def test_a_mirror_moves_a_pixel_and_its_mirror_image_and_nothing_else(
    name: str, mirror: tuple[int, int, int, int]
) -> None:
    """One bright pixel at row 2, column 1 of the middle channel, in the third of three grey pictures of 8 by 8."""
    image = torch.full((3, 3, 8, 8), 0.4)
    image[2, 1, 2, 1] = 0.9
    image.requires_grad_()
    value = evaluate(name, image)
    torch.testing.assert_close(value, torch.tensor([0.0, 0.0, 2 * 0.25 / 192]))
    (gradient,) = torch.autograd.grad(value.sum(), image)
    wanted = torch.zeros_like(image)
    wanted[2, 1, 2, 1] = 4 * 0.5 / 192
    wanted[mirror] = -4 * 0.5 / 192
    torch.testing.assert_close(gradient, wanted)


@pytest.mark.parametrize("name", NAMES)
def test_a_plain_picture_is_symmetric(name: str) -> None:
    assert float(evaluate(name, torch.full((1, 3, 24, 40), 0.3))) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("name", ["symmetry_x", "symmetry_y"])
def test_a_picture_made_of_its_mirror_image_is_symmetric(name: str, generator: torch.Generator) -> None:
    image = torch.rand(1, 3, 17, 30, generator=generator)
    mirrored = (image + image.flip(-1 if name == "symmetry_x" else -2)) / 2
    assert float(evaluate(name, mirrored)) == 0.0
    assert float(evaluate(name, image)) > 0.1


@pytest.mark.parametrize("count", [6, 12])
def test_six_petals_are_radially_symmetric(count: int) -> None:
    assert float(evaluate("symmetry_radial", petals(count))) < 1e-3


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_other_flowers_differ_as_their_angles_say(count: int) -> None:
    """cos(n a) and its turn differ by sin^2(n t / 2) times 4 sin^2 of some angle, whose mean over whole turns is 1/2.

    Only a ring inside of the frame makes whole turns, so the rest of the picture is grey.
    """
    radius, _ = polar(96, 128)
    ring = ((radius > 0.5) & (radius < 0.9)).float()
    picture = 0.5 + ring * (petals(count) - 0.5)
    scale = petals(count).sub(0.5).abs().amax()
    found = float(evaluate("symmetry_radial", picture))
    share = [float(ring.mean()) / _inside(math.radians(60 * turn), 96, 128) for turn in (1, 2, 3)]
    wanted = sum(
        2 * float(scale) ** 2 * math.sin(count * math.radians(60 * turn) / 2) ** 2 * part
        for turn, part in zip((1, 2, 3), share, strict=True)
    )
    assert found == pytest.approx(wanted / 3, rel=0.1, abs=2e-3)


def _inside(angle: float, height: int, width: int) -> float:
    """The share of pixels that are still inside of the frame when it is turned."""
    down, across = np.arange(height) + 0.5 - height / 2, np.arange(width) + 0.5 - width / 2
    x, y = np.meshgrid(across, down)
    turned = math.cos(angle) * x - math.sin(angle) * y, math.sin(angle) * x + math.cos(angle) * y
    return float(((np.abs(turned[0]) <= width / 2) & (np.abs(turned[1]) <= height / 2)).mean())


@pytest.mark.parametrize("name", NAMES)
def test_refinement_makes_a_picture_symmetric(name: str, spec: FrameSpec, generator: torch.Generator) -> None:
    picture = torch.rand(1, 3, 32, 48, generator=generator)
    spec = replace(spec, losses={name: 1.0}, num_steps=40, lr=0.1)
    refinement = Refinement(
        latents=Pixels(), guides=[], anchor=picture, spec=spec, generator=frame_generator(7, 1, CPU)
    )
    found = refined(refinement, LatentAdam(Pixels().encode(picture), None))
    assert float(evaluate(name, found)) < 0.05 * float(evaluate(name, picture))
    assert float(found.std()) > 0.05, "it is symmetric, not plain"
