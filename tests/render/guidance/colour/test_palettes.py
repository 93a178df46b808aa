"""Palettes: from names, from pictures, and pictures drawn in them."""

import math
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from render.errors import RunError
from render.guidance.colour.lock import locked, squared_distances
from render.guidance.colour.palettes import extracted, in_oklab, in_srgb
from render.guidance.colour.spaces import oklab
from render.models.model import sha256
from render.spec.colour import PaletteOf
from render.spec.pictures import ImageFile

CPU = torch.device("cpu")
FOUR = ("#ff6347", "#123456", "#ffd700", "#ffffff")


def blocks(colours: Tensor, counts: list[int]) -> Tensor:
    """A picture of so many columns of each colour, a little noisy."""
    columns = torch.cat(
        [colour.view(1, 3, 1, 1).expand(1, 3, 30, n) for colour, n in zip(colours, counts, strict=True)], 3
    )
    noise = 0.01 * torch.randn(columns.shape, generator=torch.Generator().manual_seed(1))
    return (columns + noise).clamp(0, 1)


def levels_of(picture: Tensor) -> set[tuple[int, ...]]:
    return {tuple(pixel) for pixel in (picture[0] * 255).round().long().flatten(1).T.tolist()}


def test_hexadecimal_colours_are_their_levels() -> None:
    assert (in_srgb(FOUR, CPU) * 255).round().long().tolist() == [
        [255, 99, 71],
        [18, 52, 86],
        [255, 215, 0],
        [255, 255, 255],
    ]
    assert in_oklab(FOUR, CPU).shape == (1, 4, 3)


def test_colours_are_taken_from_a_picture_most_frequent_first() -> None:
    expected = in_srgb(FOUR, CPU)
    found = extracted(blocks(expected, [40, 10, 20, 30]), 4)
    assert torch.allclose(found, expected[[0, 3, 2, 1]], atol=0.02)
    assert torch.allclose(found * 255, (found * 255).round(), atol=1e-4)


def test_the_same_picture_has_the_same_palette() -> None:
    picture = torch.rand(1, 3, 40, 50, generator=torch.Generator().manual_seed(2))
    assert torch.equal(extracted(picture, 6), extracted(picture, 6))


def test_a_picture_of_two_colours_has_no_more() -> None:
    picture = torch.zeros(1, 3, 20, 20)
    picture[..., 10:] = 1
    assert extracted(picture, 5).tolist() == [[0, 0, 0], [1, 1, 1]]


def test_a_picture_file_is_a_palette_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "two.png"
    Image.new("RGB", (8, 8), "tomato").save(path)
    palette = PaletteOf(image=ImageFile(path=path, sha256=sha256(path)), count=3)
    assert (in_srgb(palette, CPU) * 255).round().tolist() == [[255, 99, 71]]
    Image.new("RGB", (8, 8), "gold").save(path)
    changed = PaletteOf(image=palette.image, count=2)
    with pytest.raises(RunError, match="has changed"):
        in_srgb(changed, CPU)


def test_distances_are_euclidean() -> None:
    pixels = torch.rand(2, 50, 3, generator=torch.Generator().manual_seed(3))
    palettes = torch.rand(2, 7, 3, generator=torch.Generator().manual_seed(4))
    assert torch.allclose(squared_distances(pixels, palettes), torch.cdist(pixels, palettes).square(), atol=1e-5)


@pytest.mark.parametrize("dither", [0.0, 0.5, 1.0])
def test_a_locked_picture_has_the_palettes_colours_alone(dither: float) -> None:
    picture = torch.rand(1, 3, 37, 53, generator=torch.Generator().manual_seed(5))
    found = locked(picture, in_srgb(FOUR, CPU), dither)
    assert levels_of(found) <= {(255, 99, 71), (18, 52, 86), (255, 215, 0), (255, 255, 255)}
    assert found.shape == picture.shape


def test_without_dither_every_pixel_takes_the_nearest_colour() -> None:
    picture = torch.rand(1, 3, 9, 11, generator=torch.Generator().manual_seed(6))
    palette = in_srgb(FOUR, CPU)
    near = oklab(palette.T[None, :, None])[0, :, 0].T
    for row in range(9):
        for column in range(11):
            pixel = oklab(picture[..., row : row + 1, column : column + 1]).flatten()
            best = min(range(4), key=lambda number: math.dist(pixel.tolist(), near[number].tolist()))
            assert torch.equal(locked(picture, palette, 0.0)[0, :, row, column], palette[best])


def test_a_dithered_ramp_has_the_lightness_of_the_ramp() -> None:
    ramp = torch.linspace(0, 1, 128).view(1, 1, 1, -1).expand(1, 3, 64, 128)
    found = locked(ramp, torch.tensor([[0.0, 0, 0], [1, 1, 1]]), 1.0)
    share = found[0, 0].view(64, 16, 8).mean(dim=(0, 2))
    wanted = oklab(ramp)[0, 0].view(64, 16, 8).mean(dim=(0, 2))
    assert torch.allclose(share, wanted, atol=0.05)


def test_locking_a_locked_picture_changes_nothing() -> None:
    picture = torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(7))
    once = locked(picture, in_srgb(FOUR, CPU), 0.0)
    for dither in (0.0, 1.0):
        assert torch.equal(locked(once, in_srgb(FOUR, CPU), dither), once)
