"""The contract of every kind of motion, and a second kind that is used in a frame."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from render import catalogue
from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.motion import displacements
from render.motion.displacements import Displacement
from render.motion.displacements.homography import Homography
from render.renderer.renderer import Renderer, Scorer
from render.renderer.state import FrameState
from render.spec import FrameSpec
from tests.render.conftest import AddEntry

CPU = torch.device("cpu")
NAMES = catalogue.names(displacements)
WIDTH, HEIGHT = 24, 16


@pytest.fixture
def picture(generator: torch.Generator) -> Tensor:
    return torch.rand(2, 3, HEIGHT, WIDTH, generator=generator)


@pytest.fixture
def moving(spec: FrameSpec) -> FrameSpec:
    return replace(spec, size=(WIDTH, HEIGHT), transforms={"zoom": 1.1, "rotate": 5.0, "pan_x": 0.05})


def displacement(name: str, image: Tensor, spec: FrameSpec) -> Displacement:
    found: Displacement = catalogue.load(displacements, name).displacement(image, spec)
    return found


@pytest.mark.parametrize("stride", [1, 2, 8])
@pytest.mark.parametrize("name", NAMES)
def test_positions_are_finite_float64_for_every_cell_of_a_grid(
    name: str, stride: int, picture: Tensor, moving: FrameSpec
) -> None:
    height, width = HEIGHT // stride, WIDTH // stride
    positions = displacement(name, picture, moving).positions(height, width, stride, CPU)
    assert positions is not None
    assert positions.shape == (2, height, width, 2)
    assert positions.dtype == torch.float64
    assert positions.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_a_coarse_grid_moves_like_the_picture(name: str, picture: Tensor, moving: FrameSpec) -> None:
    """The centre of a cell of two pixels is between them, and so is the point it samples."""
    motion = displacement(name, picture, moving)
    fine, coarse = (motion.positions(HEIGHT // stride, WIDTH // stride, stride, CPU) for stride in (1, 2))
    assert fine is not None
    assert coarse is not None
    between = fine.view(2, HEIGHT // 2, 2, WIDTH // 2, 2, 2).mean(dim=(2, 4))
    torch.testing.assert_close(2 * coarse + 0.5, between, atol=0.05, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_without_motion_there_are_no_positions(name: str, picture: Tensor, spec: FrameSpec) -> None:
    still = replace(spec, size=(WIDTH, HEIGHT), transforms={})
    assert displacement(name, picture, still).positions(HEIGHT, WIDTH, 1, CPU) is None


def test_positions_of_a_homography_are_those_of_the_inverse_matrix() -> None:
    motion = Homography(matrices=np.array([[[2.0, 0.0, 1.0], [0.0, 1.0, -3.0], [0.0, 0.0, 1.0]]]))
    positions = motion.positions(4, 5, 1, CPU)
    assert positions is not None
    assert positions[0, 2, 3].tolist() == [(3 - 1) / 2, 2 + 3]


@dataclass(frozen=True)
class Ripple:
    """Rows move independently, which no matrix can express: odd rows are sampled two pixels to the right."""

    count: int

    def positions(self, height: int, width: int, stride: int, device: torch.device) -> Tensor:
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        return torch.stack([x + 2 * (y % 2), y], dim=-1).double().expand(self.count, -1, -1, -1)


@pytest.mark.parametrize("num_steps", [0, 1])
def test_another_kind_of_motion_moves_the_frame(
    num_steps: int, picture: Tensor, spec: FrameSpec, add_entry: AddEntry
) -> None:
    add_entry(displacements, "ripple", displacement=lambda image, spec: Ripple(len(image)))
    renderer = Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU, displacement="ripple")
    before = FrameState(index=0, image=picture[:1], latent=Pixels().encode(picture[:1]), similarity=torch.zeros(1))
    still = replace(spec, size=(WIDTH, HEIGHT), border="wrap", losses={"anchor": 1.0}, num_steps=num_steps, lr=1e-6)
    wanted = picture[:1].clone()
    wanted[..., 1::2, :] = picture[:1, :, 1::2].roll(-2, dims=-1)
    torch.testing.assert_close(renderer.step(before, still).image, wanted, atol=1e-5, rtol=0)
