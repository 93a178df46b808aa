"""The canvas moves as the picture does."""

import numpy as np
import pytest
import torch

from render.motion.canvas.moving import margin, moved_canvas
from render.motion.displacements.homography import Homography, motion_matrix
from render.motion.warp import move

HEIGHT, WIDTH, RIM = 16, 24, 6


def motion(**amounts: float) -> Homography:
    return Homography(matrices=motion_matrix(amounts, (WIDTH, HEIGHT), (0.4, 0.6))[None])


def around(picture: torch.Tensor) -> torch.Tensor:
    """A canvas of which everything is known, with `picture` as all of it."""
    return torch.cat([picture, torch.ones_like(picture[:, :1])], dim=1)


@pytest.mark.parametrize("amounts", [{"zoom": 0.9}, {"rotate": 4.0, "pan_x": 0.1}, {"shear_y": 5.0, "zoom": 1.2}])
def test_the_margin_moves_by_the_matrix_of_the_picture(amounts: dict[str, float], generator: torch.Generator) -> None:
    """The picture's matrix, in the canvas's coordinates, moves all of the canvas alike."""
    picture = torch.rand(1, 3, HEIGHT + 2 * RIM, WIDTH + 2 * RIM, generator=generator)
    shift = np.eye(3)
    shift[:2, 2] = RIM
    whole = Homography(matrices=shift @ motion(**amounts).matrices @ np.linalg.inv(shift))
    moved = moved_canvas(around(picture), (HEIGHT, WIDTH), motion(**amounts))
    torch.testing.assert_close(moved[:, :3], move(picture, whole, "edge").clamp(0, 1), atol=1e-5, rtol=0)


def test_what_comes_from_beyond_the_canvas_is_unknown() -> None:
    canvas = torch.ones(1, 4, HEIGHT + 2 * RIM, WIDTH + 2 * RIM)
    known = moved_canvas(canvas, (HEIGHT, WIDTH), motion(pan_x=0.25))[0, 3]
    torch.testing.assert_close(known, torch.ones_like(known) * (torch.arange(WIDTH + 2 * RIM) >= 6))


@pytest.mark.parametrize(("size", "stride", "wanted"), [((144, 256), 8, 40), ((1080, 1920), 16, 128), ((8, 8), 1, 5)])
def test_the_margin_is_some_cells_wide_or_a_share_of_the_picture(
    size: tuple[int, int], stride: int, wanted: int
) -> None:
    assert margin(*size, stride) == wanted
