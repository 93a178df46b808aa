"""The contract of every kind of motion, and a second kind that is used in a frame."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from render import catalogue
from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.motion import displacements
from render.motion.composed import Composed, Motions
from render.motion.displacements import Displacement, Fields, pixels
from render.motion.displacements.flow import Field
from render.motion.displacements.homography import Homography
from render.renderer.renderer import Renderer, Scorer
from render.renderer.state import FrameState
from render.spec import FrameSpec
from render.spec.camera import Depth, FlatMove, RoomMove, View
from render.spec.footage import Flow, SourceImage
from render.spec.pictures import ImageFile
from tests.render.conftest import AddEntry

CPU = torch.device("cpu")
NAMES = catalogue.names(displacements)
WIDTH, HEIGHT = 24, 16


@pytest.fixture
def picture(generator: torch.Generator) -> Tensor:
    return torch.rand(2, 3, HEIGHT, WIDTH, generator=generator)


@pytest.fixture
def moving(spec: FrameSpec) -> FrameSpec:
    image = SourceImage(file=ImageFile(path=Path("river.mp4"), sha256="0"), number=0)
    return replace(
        spec,
        size=(WIDTH, HEIGHT),
        transforms={"zoom": 1.1, "rotate": 5.0, "pan_x": 0.05},
        flow=Flow(before=image, after=replace(image, number=1)),
        camera=FlatMove(matrix=(1.1, 0.02, -0.03, 0.0, 1.1, 0.01, 0.03, 0.0, 1.0)),
    )


FIELD = Field(
    backward=torch.full((2, 2, HEIGHT, WIDTH), 1.5),
    forward=torch.full((2, 2, HEIGHT, WIDTH), -1.5),
    seen=torch.ones(2, 1, HEIGHT, WIDTH),
    seen_before=torch.ones(2, 1, HEIGHT, WIDTH),
)
FIELDS = Fields(flow=lambda flow, size: FIELD)


VIEWS = [View(pose=(1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, shift, 0.0, 0.0, 1.0, -shift), fov=50) for shift in (0.0, 0.2)]
ROOM = RoomMove(
    depth=Depth(kind="ground", horizon=0.4), before=VIEWS[0], after=VIEWS[1], motion=(1.1, 0.1, 0, 0, 1, 0, 0, 0, 1)
)

OFFSET = FlatMove(matrix=(1.05, 0.02, -0.03, 0.0, 1.05, 0.01, 0.03, 0.0, 1.0), gain=(0.9, 1.2))


def displacement(name: str, image: Tensor, spec: FrameSpec) -> Displacement:
    kind = catalogue.load(displacements, name)
    if name == "depth":
        spec = replace(spec, camera=ROOM)
    if name == "offset":
        spec = replace(spec, camera=OFFSET)
    found: Displacement | None = kind.displacement(spec.motion, spec.size, len(image), FIELDS)
    assert found is not None
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


def test_without_motion_there_are_no_positions(picture: Tensor, spec: FrameSpec) -> None:
    still = replace(spec, size=(WIDTH, HEIGHT), transforms={})
    for name in NAMES:
        assert catalogue.load(displacements, name).displacement(still.motion, still.size, 2, FIELDS) is None
    assert Motions()(picture, [still.motion]).positions(HEIGHT, WIDTH, 1, CPU) is None


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_positions_are_those_of_the_centres_of_cells(
    name: str, stride: int, picture: Tensor, moving: FrameSpec
) -> None:
    motion = displacement(name, picture, moving)
    height, width = HEIGHT // stride, WIDTH // stride
    points = motion.at(pixels(height, width, stride, CPU).expand(2, -1, -1, -1))
    torch.testing.assert_close(motion.positions(height, width, stride, CPU), (points + 0.5) / stride - 0.5)


@pytest.mark.parametrize("name", NAMES)
def test_there_and_back_again(name: str, picture: Tensor, moving: FrameSpec) -> None:
    motion = displacement(name, picture, moving)
    points = pixels(HEIGHT, WIDTH, 1, CPU).expand(2, -1, -1, -1)
    torch.testing.assert_close(motion.inverse().at(motion.at(points)), points, atol=1e-5, rtol=0)


def test_flow_comes_first_then_the_camera_then_the_transforms_and_a_frame_before_the_next(
    picture: Tensor, moving: FrameSpec
) -> None:
    """A pixel of the new picture goes back through the transforms first, then the camera's motion, then the flow."""
    points = pixels(HEIGHT, WIDTH, 1, CPU).expand(2, -1, -1, -1)
    flow, camera, homography = (displacement(name, picture, moving) for name in ("flow", "camera", "homography"))
    both = Motions(fields=FIELDS)(picture, [moving.motion, replace(moving.motion, flow=None)])
    wanted = flow.at(camera.at(homography.at(camera.at(homography.at(points)))))
    assert isinstance(both, Composed)
    assert len(both.parts) == 2  # the matrices of both frames are one
    torch.testing.assert_close(both.at(points), wanted)
    torch.testing.assert_close(both.positions(HEIGHT, WIDTH, 1, CPU), wanted)


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

    def at(self, points: Tensor) -> Tensor:
        return points + torch.stack([2 * (points[..., 1] % 2), torch.zeros_like(points[..., 1])], dim=-1)

    def visible(self, points: Tensor) -> None:
        pass


@pytest.mark.parametrize("num_steps", [0, 1])
def test_another_kind_of_motion_moves_the_frame(
    num_steps: int, picture: Tensor, spec: FrameSpec, add_entry: AddEntry
) -> None:
    add_entry(displacements, "ripple", displacement=lambda motion, size, count, fields: Ripple(count), ORDER=2)
    renderer = Renderer(Pixels(), [Scorer(perceptor=Toy(CPU))], CPU)
    before = FrameState(index=0, image=picture[:1], latent=Pixels().encode(picture[:1]), similarity=torch.zeros(1))
    still = replace(spec, size=(WIDTH, HEIGHT), border="wrap", losses={"anchor": 1.0}, num_steps=num_steps, lr=1e-6)
    wanted = picture[:1].clone()
    wanted[..., 1::2, :] = picture[:1, :, 1::2].roll(-2, dims=-1)
    torch.testing.assert_close(renderer.step(before, still).image, wanted, atol=1e-5, rtol=0)
