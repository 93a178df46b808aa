"""Catmull-Rom compared with its definition, and every border with where scipy finds the pixels."""

import itertools
from typing import Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from render.motion.resample import Taps, at_once, catmull_rom, one_by_one
from render.spec import BORDERS

SIZE = (12, 9)
SHARES = [0.0, 0.02, 0.1, 0.25, 1 / 3, 0.5, 0.75, 0.999]
SCIPY_BORDER: dict[str, Literal["mirror", "grid-wrap", "nearest", "constant"]] = {
    "reflect": "mirror",
    "wrap": "grid-wrap",
    "edge": "nearest",
    "black": "constant",
}


@pytest.fixture
def picture(generator: torch.Generator) -> Tensor:
    return torch.rand(1, 3, SIZE[1], SIZE[0], generator=generator, dtype=torch.float64)


def points(x: NDArray[np.floating], y: NDArray[np.floating]) -> Tensor:
    """(1, h, w, 2): all points with columns `x` and rows `y`."""
    across, down = np.meshgrid(x, y)
    return torch.from_numpy(np.stack([across, down], axis=-1)[None])


def inner(share_x: float, share_y: float) -> Tensor:
    """Points whose 4 x 4 neighbours are all in the picture, each at the given fractions past its pixel."""
    return points(np.arange(1, SIZE[0] - 2) + share_x, np.arange(1, SIZE[1] - 2) + share_y)


def keys_kernel(distance: NDArray[np.floating]) -> NDArray[np.floating]:
    """The kernel as in Keys (1981), by the distance from a pixel; a = -1/2."""
    s = np.abs(distance)
    near, far = 1.5 * s**3 - 2.5 * s**2 + 1, -0.5 * s**3 + 2.5 * s**2 - 4 * s + 2
    return np.where(s < 1, near, np.where(s < 2, far, 0.0))


def by_keys(picture: Tensor, where: Tensor, border: str) -> Tensor:
    """The oracle: every tap separately, its pixel found by scipy, its weight by the kernel's own formula."""
    channels = picture[0].numpy()
    x, y = where[0, ..., 0].numpy(), where[0, ..., 1].numpy()
    total = np.zeros((len(channels), *x.shape))
    for j, i in itertools.product(range(-1, 3), repeat=2):
        column, row = np.floor(x) + i, np.floor(y) + j
        weight = keys_kernel(x - column) * keys_kernel(y - row)
        for channel, sums in zip(channels, total, strict=True):
            sums += weight * ndimage.map_coordinates(channel, [row, column], order=0, mode=SCIPY_BORDER[border])
    return torch.from_numpy(total)[None]


@pytest.mark.parametrize("share_y", SHARES)
@pytest.mark.parametrize("share_x", SHARES)
def test_linear_ramps_are_reproduced_at_any_subpixel_shift(share_x: float, share_y: float) -> None:
    y, x = torch.meshgrid(*(torch.arange(side, dtype=torch.float64) for side in SIZE[::-1]), indexing="ij")
    ramps = torch.stack([torch.full_like(x, 0.3), 0.07 * x, 0.1 * y - 0.05 * x])[None]
    where = inner(share_x, share_y)
    seen_x, seen_y = where.unbind(dim=-1)
    wanted = torch.stack([torch.full_like(seen_x, 0.3), 0.07 * seen_x, 0.1 * seen_y - 0.05 * seen_x], dim=1)
    torch.testing.assert_close(catmull_rom(ramps, where, "black"), wanted, atol=1e-12, rtol=0)


@pytest.mark.parametrize("share", SHARES)
def test_weights_of_the_four_neighbours_are_those_of_keys_and_sum_to_one(share: float) -> None:
    """The weights as applied: single white pixels, sampled between the second and the third of four."""
    dots = torch.eye(4, dtype=torch.float64)[None, :, None].expand(1, 4, 7, 4)  # one channel per dot
    weights = catmull_rom(dots, points(np.array([1 + share]), np.array([3.0])), "black")[0, :, 0, 0]
    assert weights.numpy() == pytest.approx(keys_kernel(share - np.arange(-1, 3)), abs=1e-12)
    assert float(weights.sum()) == pytest.approx(1.0, abs=1e-12)


def test_halfway_the_weights_are_minus_1_9_9_and_minus_1_sixteenths() -> None:
    dots = torch.eye(4, dtype=torch.float64)[None, :, None].expand(1, 4, 7, 4)
    weights = catmull_rom(dots, points(np.array([1.5]), np.array([3.0])), "black")[0, :, 0, 0]
    assert (16 * weights).tolist() == pytest.approx([-1, 9, 9, -1])


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("size", [(4, 3), (2, 5), (1, 1), (3, 1)])
def test_whole_positions_give_pixels_exactly_inside_and_far_outside(
    size: tuple[int, int], border: str, generator: torch.Generator
) -> None:
    picture = torch.rand(1, 2, size[1], size[0], generator=generator)
    x, y = (np.arange(-3.0 * side - 2, 4.0 * side + 3) for side in size)
    where = points(x, y)
    found = [
        ndimage.map_coordinates(
            channel, where[0].flip(-1).movedim(-1, 0).numpy(), order=0, mode=SCIPY_BORDER[border], cval=0.0
        )
        for channel in picture[0].numpy()
    ]
    assert torch.equal(catmull_rom(picture, where, border)[0], torch.from_numpy(np.stack(found)))


@pytest.mark.parametrize(
    ("border", "columns"),
    [
        ("reflect", [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]),
        ("wrap", [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]),
        ("edge", [0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 3, 3]),
        ("black", [None] * 4 + [0, 1, 2, 3] + [None] * 4),
    ],
)
@pytest.mark.parametrize("down", [False, True])
def test_each_border_maps_outside_positions_to_the_right_pixel(
    border: str, columns: list[int | None], down: bool
) -> None:
    """Written out by hand for four pixels, sampled from -4 to 7."""
    values = torch.tensor([0.2, 0.4, 0.6, 0.8])
    picture, where = values.expand(1, 1, 4, 4), points(np.arange(-4.0, 8.0), np.array([1.0]))
    if down:
        picture, where = picture.transpose(2, 3), where.flip(-1)
    wanted = [0.0 if column is None else float(values[column]) for column in columns]
    assert catmull_rom(picture, where, border).flatten().tolist() == wanted


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("size", [SIZE, (3, 2), (1, 4), (1, 1)])
def test_every_sample_equals_the_sum_over_16_pixels_found_by_scipy(
    size: tuple[int, int], border: str, generator: torch.Generator
) -> None:
    picture = torch.rand(1, 2, size[1], size[0], generator=generator, dtype=torch.float64)
    places = torch.rand(1, 20, 30, 2, generator=generator, dtype=torch.float64)
    where = (6 * places - 2.5) * torch.tensor(size)  # from 2.5 pictures before to 3.5 after
    torch.testing.assert_close(catmull_rom(picture, where, border), by_keys(picture, where, border), atol=1e-12, rtol=0)


@pytest.mark.parametrize("border", BORDERS)
def test_a_batch_equals_its_single_pictures(border: str, generator: torch.Generator) -> None:
    pictures = torch.rand(3, 3, SIZE[1], SIZE[0], generator=generator)
    where = 20 * torch.rand(3, 5, 7, 2, generator=generator, dtype=torch.float64) - 5
    together = catmull_rom(pictures, where, border)
    alone = [catmull_rom(pictures[i : i + 1], where[i : i + 1], border) for i in range(3)]
    assert together.shape == (3, 3, 5, 7)
    assert torch.equal(together, torch.cat(alone))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_picture_and_points_keep_their_types(dtype: torch.dtype) -> None:
    """Points are float64: at column 7,000, float32 has steps of half a thousandth of a pixel, too coarse for 0.001."""
    ramp = torch.arange(8192, dtype=torch.float64).div(8192).expand(1, 1, 4, 8192).to(dtype)
    seen = catmull_rom(ramp, points(np.array([7000.0, 7000.001]), np.array([2.0])), "edge").flatten()
    assert seen.dtype == dtype
    assert float(seen[1] - seen[0]) == pytest.approx(0.001 / 8192, abs=6e-8 if dtype == torch.float32 else 1e-12)


@pytest.mark.parametrize("border", ["mirror", "", "Reflect"])
def test_an_unknown_border_is_refused(border: str, picture: Tensor) -> None:
    with pytest.raises(ValueError, match=f"expected one of the borders .*, got '{border}'"):
        catmull_rom(picture, inner(0.5, 0.5), border)


def test_sampling_works_without_gradients(picture: Tensor) -> None:
    where = inner(0.3, 0.6)
    with torch.inference_mode():
        seen = catmull_rom(picture, where, "reflect")
    assert not catmull_rom(picture, where, "reflect").requires_grad
    assert torch.equal(seen, catmull_rom(picture, where, "reflect"))


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("shape", [(1, 3, 9, 12), (3, 4, 5, 7), (1, 64, 3, 2), (2, 1, 1, 1)])
def test_taps_that_are_gathered_at_once_give_the_same_to_the_bit(
    shape: tuple[int, ...], border: str, generator: torch.Generator
) -> None:
    """The first way is that of GPUs, the second that of CPUs."""
    values = torch.randn(shape, generator=generator).clamp_min(0.0) * -1  # some are zeros with a sign
    places = torch.rand(shape[0], 8, 11, 2, generator=generator, dtype=torch.float64)
    taps = Taps.of(values, (6 * places - 2.5) * torch.tensor(shape[:1:-1]), border)
    found, wanted = at_once(values, taps), one_by_one(values, taps)
    assert torch.equal(found, wanted)
    assert torch.equal(found.signbit(), wanted.signbit())
    assert found.stride() == wanted.stride()
