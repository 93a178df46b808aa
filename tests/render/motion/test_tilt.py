"""A tilt is a projective motion: the warp divides by the third coordinate, and even an extreme tilt gives a picture."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from render.motion.displacements.homography import Homography, motion_matrix
from render.motion.transforms import Matrix
from render.motion.warp import warp
from render.spec import BORDERS

SIZE = (48, 32)
MIDDLE = (0.5, 0.5)


def wavy() -> Tensor:
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] / 8
    return torch.from_numpy(np.stack([0.5 + 0.2 * np.cos(x + k) + 0.2 * np.sin(y * k) for k in (1, 2, 3)])).float()[
        None
    ]


def seen_at(matrix: Matrix) -> NDArray[np.float64]:
    """Where every output pixel is sampled: (2, H, W), y before x as scipy expects it."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    seen = np.einsum("ij,jhw->ihw", np.linalg.inv(matrix), np.stack([x, y, np.ones_like(x)]))
    where: NDArray[np.float64] = np.stack([seen[1], seen[0]]) / seen[2]
    return where


@pytest.mark.parametrize("amounts", [{"tilt_x": 20.0}, {"tilt_y": -15.0, "zoom": 1.1, "rotate": 10.0, "shear_x": 0.2}])
def test_a_tilt_equals_scipy(amounts: dict[str, float]) -> None:
    matrix = motion_matrix(amounts, SIZE, MIDDLE)
    result = warp(wavy(), Homography(matrices=matrix[None]), "edge")[0].double().numpy()
    expected = [
        ndimage.map_coordinates(c, seen_at(matrix), order=3, mode="nearest") for c in wavy()[0].double().numpy()
    ]
    inner = np.s_[:, 4:-4, 4:-4]
    assert np.abs(result - np.stack(expected))[inner].max() < 0.01
    assert np.abs(result - wavy()[0].numpy()).max() > 0.1


def test_fractions_of_a_tilt_compose_to_the_whole() -> None:
    whole = motion_matrix({"tilt_x": 12.0, "zoom": 1.21}, SIZE, MIDDLE)
    half = motion_matrix({"tilt_x": 6.0, "zoom": 1.1}, SIZE, MIDDLE)
    np.testing.assert_allclose(half @ half, whole, atol=1e-12)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("degrees", [math.degrees(2), 1e4, -1e6])
def test_a_tilt_past_the_horizon_gives_a_finite_picture(border: str, degrees: float) -> None:
    matrix = motion_matrix({"tilt_x": degrees, "tilt_y": degrees / 3}, SIZE, MIDDLE)
    result = warp(wavy(), Homography(matrices=matrix[None]), border)
    assert result.isfinite().all()
    assert 0 <= result.min() <= result.max() <= 1
