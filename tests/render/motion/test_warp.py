import math
from typing import Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from render.motion.displacements.homography import Homography, motion_matrix
from render.motion.transforms import Matrix, Size
from render.motion.warp import warp
from render.sources.noise import soft
from render.spec import BORDERS

MIDDLE = (0.5, 0.5)
SCIPY_BORDER: dict[str, Literal["mirror", "grid-wrap", "nearest", "constant"]] = {
    "reflect": "mirror",
    "wrap": "grid-wrap",
    "edge": "nearest",
    "black": "constant",
}


def dot(size: Size, x: int, y: int) -> Tensor:
    """A black picture with one white pixel."""
    picture = torch.zeros(1, 3, size[1], size[0])
    picture[..., y, x] = 1.0
    return picture


def row(*values: float) -> Tensor:
    """A picture of five equal rows."""
    return torch.tensor(values).expand(1, 3, 5, len(values)).contiguous()


def smooth(size: Size) -> Tensor:
    """A wavy picture without sharp edges, periodic in both directions."""
    y, x = np.mgrid[: size[1], : size[0]] * (2 * np.pi / np.array([size[1], size[0]])[:, None, None])
    channels = [0.5 + 0.2 * np.cos(a * x + a) + 0.2 * np.cos(b * y - b) for a, b in ((1, 1), (2, 1), (1, 2))]
    return torch.from_numpy(np.stack(channels)).float().unsqueeze(0)


def by(*matrices: Matrix) -> Homography:
    """A motion with one matrix for each picture."""
    return Homography(matrices=np.stack(matrices))


def moved(picture: Tensor, border: str = "black", **amounts: float) -> Tensor:
    size = (picture.shape[-1], picture.shape[-2])
    return warp(picture, by(motion_matrix(amounts, size, MIDDLE)), border)


def source_coordinates(matrix: Matrix, size: Size) -> NDArray[np.float64]:
    """Where every output pixel is sampled: (2, H, W), y before x as scipy expects it."""
    y, x = np.mgrid[: size[1], : size[0]]
    seen = np.einsum("ij,jhw->ihw", np.linalg.inv(matrix), np.stack([x, y, np.ones_like(x)]))
    return np.stack([seen[1], seen[0]])


def by_scipy(picture: Tensor, matrix: Matrix, border: str) -> Tensor:
    """The oracle: cubic splines from scipy.ndimage."""
    where = source_coordinates(matrix, (picture.shape[-1], picture.shape[-2]))
    channels = [
        ndimage.map_coordinates(channel, where, order=3, mode=SCIPY_BORDER[border])
        for channel in picture[0].double().numpy()
    ]
    return torch.from_numpy(np.stack(channels)).float().unsqueeze(0)


def test_pan_moves_the_picture_right_and_down_by_whole_pixels() -> None:
    size = (16, 10)
    result = moved(dot(size, 4, 3), pan_x=3 / 16, pan_y=2 / 10)
    torch.testing.assert_close(result, dot(size, 7, 5), atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(9, 9), (13, 9)])
def test_positive_rotation_is_counter_clockwise_on_the_screen_about_the_middle_pixel(size: Size) -> None:
    x, y = (size[0] - 1) // 2, (size[1] - 1) // 2
    result = moved(dot(size, x + 3, y), rotate=90)
    torch.testing.assert_close(result, dot(size, x, y - 3), atol=1e-5, rtol=0)


def test_rotation_by_90_degrees_permutes_the_pixels_of_an_odd_square(generator: torch.Generator) -> None:
    picture = torch.rand(1, 3, 9, 9, generator=generator)
    torch.testing.assert_close(moved(picture, rotate=90), picture.rot90(1, dims=(2, 3)), atol=1e-5, rtol=0)


def test_zoom_by_2_doubles_every_distance_to_the_middle_pixel(generator: torch.Generator) -> None:
    picture = torch.rand(1, 3, 9, 13, generator=generator)
    result = moved(picture, zoom=2.0)
    torch.testing.assert_close(result[..., ::2, ::2], picture[..., 2:7, 3:10], atol=1e-5, rtol=0)


@pytest.mark.parametrize("amounts", [{"zoom": 1.7}, {"rotate": 33.0}, {"zoom": 0.6, "rotate": -20.0}])
@pytest.mark.parametrize(("center", "x", "y"), [((0.0, 0.0), 0, 0), ((0.25, 0.75), 4, 6), ((1.0, 0.5), 16, 4)])
def test_the_center_stays_where_it_is(amounts: dict[str, float], center: tuple[float, float], x: int, y: int) -> None:
    matrix = motion_matrix(amounts, (17, 9), center)
    np.testing.assert_allclose(matrix @ [x, y, 1], [x, y, 1], atol=1e-12)
    result = warp(dot((17, 9), x, y), by(matrix), "black")
    assert float(result[0, 0, y, x]) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("border", "entered"),
    [("reflect", (0.3, 0.2)), ("wrap", (0.7, 0.8)), ("edge", (0.1, 0.1)), ("black", (0.0, 0.0))],
)
def test_borders_fill_the_left_side_correctly(border: str, entered: tuple[float, float]) -> None:
    picture = row(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    wanted = row(*entered, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    torch.testing.assert_close(moved(picture, border, pan_x=2 / 8), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("border", "entered"),
    [("reflect", (0.7, 0.6)), ("wrap", (0.1, 0.2)), ("edge", (0.8, 0.8)), ("black", (0.0, 0.0))],
)
def test_borders_fill_the_bottom_side_correctly(border: str, entered: tuple[float, float]) -> None:
    picture = row(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8).transpose(2, 3)
    wanted = row(0.3, 0.4, 0.5, 0.6, 0.7, 0.8, *entered).transpose(2, 3)
    torch.testing.assert_close(moved(picture, border, pan_y=-2 / 8), wanted, atol=1e-5, rtol=0)


def test_wrap_repeats_more_than_once(generator: torch.Generator) -> None:
    picture = torch.rand(1, 3, 6, 8, generator=generator)
    result = moved(picture, "wrap", pan_x=19 / 8, pan_y=-13 / 6)
    torch.testing.assert_close(result, picture.roll((-13, 19), dims=(2, 3)), atol=1e-4, rtol=0)


@pytest.mark.parametrize("border", BORDERS)
def test_the_identity_returns_the_same_tensor(border: str, generator: torch.Generator) -> None:
    picture = torch.rand(2, 3, 6, 8, generator=generator)
    assert warp(picture, by(np.eye(3), np.eye(3)), border) is picture


@pytest.mark.parametrize("border", BORDERS)
def test_a_batch_with_a_matrix_each_equals_single_warps(border: str, generator: torch.Generator) -> None:
    pictures = torch.rand(3, 3, 12, 20, generator=generator)
    matrices = [
        motion_matrix({"zoom": 0.7, "rotate": 20.0}, (20, 12), MIDDLE),
        np.eye(3),
        motion_matrix({"pan_x": 0.3, "rotate": -50.0}, (20, 12), (0.1, 0.9)),
    ]
    together = warp(pictures, by(*matrices), border)
    singles = [warp(pictures[i : i + 1], by(matrix), border) for i, matrix in enumerate(matrices)]
    torch.testing.assert_close(together, torch.cat(singles), atol=1e-4, rtol=0)


@pytest.mark.parametrize("count", [1, 3])
def test_a_wrong_number_of_matrices_is_refused(count: int) -> None:
    matrices = [motion_matrix({"rotate": 1.0}, (4, 4), MIDDLE)] * count
    with pytest.raises(ValueError, match=r"expected sampling positions of shape \(2, 4, 4, 2\)"):
        warp(torch.zeros(2, 3, 4, 4), by(*matrices), "edge")


def test_an_unknown_border_is_refused_if_there_is_a_motion() -> None:
    picture, matrix = torch.zeros(1, 3, 4, 4), motion_matrix({"rotate": 1.0}, (4, 4), MIDDLE)
    with pytest.raises(ValueError, match="'mirror'"):
        warp(picture, by(matrix), "mirror")
    assert warp(picture, by(np.eye(3)), "mirror") is picture


@pytest.mark.parametrize("border", BORDERS)
def test_one_warp_by_the_product_of_two_motions_equals_scipy(border: str) -> None:
    size = (64, 40)
    first = motion_matrix({"zoom": 0.7, "rotate": 25.0}, size, (0.3, 0.6))
    second = motion_matrix({"pan_x": 0.1, "pan_y": -0.07, "rotate": -5.0}, size, MIDDLE)
    matrix = second @ first
    picture = smooth(size)
    difference = (warp(picture, by(matrix), border) - by_scipy(picture, matrix, border)).abs()
    if border == "black":  # there is no convention for how the edge fades within a kernel's width
        where = source_coordinates(matrix, size)
        outside = np.stack([-where, where - np.array([39, 63])[:, None, None]]).max(axis=(0, 1))
        difference = difference[..., torch.from_numpy(np.abs(outside) > 2)]
    assert float(difference.max()) < 0.01


def test_simultaneous_moves_are_the_limit_of_many_small_consecutive_moves() -> None:
    size = (64, 40)
    amounts = {"zoom": 1.5, "rotate": 40.0, "pan_x": 0.2, "pan_y": -0.1}

    def error(count: int) -> float:
        one_round = np.eye(3)
        for name, amount in amounts.items():
            small = amount ** (1 / count) if name == "zoom" else amount / count
            one_round = motion_matrix({name: small}, size, (0.2, 0.7)) @ one_round
        many = np.linalg.matrix_power(one_round, count)
        return float(np.abs(many - motion_matrix(amounts, size, (0.2, 0.7))).max())

    assert error(4096) < 0.01
    assert error(1024) / error(2048) == pytest.approx(2.0, rel=0.01)  # first order: the error goes to zero


@pytest.mark.parametrize("count", [2, 8, 30])
def test_fractions_of_a_motion_compose_to_the_whole(count: int) -> None:
    amounts = {"zoom": 1.5, "rotate": 40.0, "pan_x": 0.2, "pan_y": -0.1}
    shares = {name: amount ** (1 / count) if name == "zoom" else amount / count for name, amount in amounts.items()}
    step = motion_matrix(shares, (64, 40), (0.2, 0.7))
    whole = motion_matrix(amounts, (64, 40), (0.2, 0.7))
    np.testing.assert_allclose(np.linalg.matrix_power(step, count), whole, atol=1e-9)


def test_no_move_is_exactly_the_identity() -> None:
    np.testing.assert_array_equal(motion_matrix({}, (64, 40), (0.3, 0.6)), np.eye(3))


def test_cubic_overshoot_is_clamped() -> None:
    columns = row(0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0)
    result = moved(columns, "edge", pan_x=0.5 / 8)
    assert 0.0 <= float(result.min()) < float(result.max()) <= 1.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_picture_stays_in_its_float_type(dtype: torch.dtype) -> None:
    assert moved(row(0.1, 0.2, 0.3, 0.4).to(dtype), rotate=10).dtype == dtype


@pytest.mark.parametrize("pixels_per_frame", [0.02, 0.1, 0.9])
def test_many_small_pans_move_as_far_as_one_large_one(pixels_per_frame: float) -> None:
    x = torch.arange(96)
    picture = torch.exp(-((x - 36) / 6).square()).expand(1, 3, 8, 96).contiguous()
    frames = math.ceil(10 / pixels_per_frame)
    result = picture
    for _ in range(frames):
        result = moved(result, "edge", pan_x=10 / frames / 96)
    place = (result[0, 0, 4] * x).sum() / result[0, 0, 4].sum()
    assert float(place) - 36 == pytest.approx(10, abs=0.2)


@pytest.mark.parametrize("kind", ["waves", "the first picture"])
def test_brightness_is_constant_over_300_slow_zooms(kind: str, generator: torch.Generator) -> None:
    picture = smooth((48, 32)) if kind == "waves" else soft(1, (48, 32), generator)
    assert abs(drift_of_300_zooms(picture)) < 1 / 255


def drift_of_300_zooms(picture: Tensor) -> float:
    """Mean brightness after 300 warps by 1.002, minus the brightness after one warp by their product."""
    matrix = motion_matrix({"zoom": 1.002}, (48, 32), MIDDLE)
    result = picture
    for _ in range(300):
        result = warp(result, by(matrix), "reflect")
    at_once = warp(picture, by(np.linalg.matrix_power(matrix, 300)), "reflect")
    return float(result.mean() - at_once.mean())
