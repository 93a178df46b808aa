"""What enters a picture that moves over a canvas."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from render.latents.vqgan import VQGAN
from render.motion.canvas.continuing import by_copies
from render.motion.canvas.painting import Painter
from render.motion.displacements.homography import Homography, motion_matrix
from render.motion.warp import warp
from render.sources.noise import soft

SIZE = (128, 72)
STRIDE = 8


def motion(**amounts: float) -> Homography:
    return Homography(matrices=motion_matrix(amounts, SIZE, (0.5, 0.5))[None])


class Painting:
    """A painter that counts how often it paints; by default it paints everything in grey."""

    def __init__(self, latents: VQGAN | None = None) -> None:
        self.count = 0
        self._painter = Painter(STRIDE)
        self._copies = None if latents is None else partial(by_copies, latents)
        self.canvas: Tensor | None = None

    def moved(self, image: Tensor, **amounts: float) -> Tensor:
        generator = torch.Generator().manual_seed(3)
        image, self.canvas = self._painter.moved(image, self.canvas, motion(**amounts), self._continued, generator)
        return image

    def _continued(self, picture: Tensor, known: Tensor, generator: torch.Generator) -> Tensor:
        self.count += 1
        return torch.full_like(picture, 0.5) if self._copies is None else self._copies(picture, known, generator)


@pytest.fixture
def picture(embedded_vqgan: VQGAN, generator: torch.Generator) -> Tensor:
    """A picture of this VQGAN, with some texture."""
    noisy = soft(1, SIZE, generator) + 0.3 * torch.randn(1, 3, 18, 32, generator=generator).repeat_interleave(
        4, -1
    ).repeat_interleave(4, -2)
    with torch.no_grad():
        return embedded_vqgan.decode(embedded_vqgan.encode(noisy.clamp(0, 1)))


def test_without_a_motion_nothing_is_painted_or_copied(picture: Tensor) -> None:
    painting = Painting()
    assert painting.moved(picture) is picture
    assert (painting.canvas, painting.count) == (None, 0)


def test_a_zoom_in_is_the_plain_motion_and_never_paints(picture: Tensor) -> None:
    painting, plain = Painting(), picture
    for _ in range(3):
        wanted = warp(plain, motion(zoom=1.05), "reflect")
        plain = painting.moved(plain, zoom=1.05)
        rim = (..., slice(8, -8), slice(8, -8))  # the rim comes from the canvas, resampled once more
        torch.testing.assert_close(plain[rim], wanted[rim], atol=1e-4, rtol=0)
    assert painting.count == 0


def test_a_band_is_painted_once_and_then_moves_in(picture: Tensor) -> None:
    """The margin has 40 pixels, of which 32 are used: a pan of 2 pixels a frame paints once in 16 frames."""
    painting = Painting()
    image, counts = picture, []
    for _ in range(32):
        image = painting.moved(image, pan_x=2 / SIZE[0])
        counts.append(painting.count)
    assert counts[0] == 1
    assert counts[14] == 1
    assert counts[-1] in (2, 3)


def test_what_left_comes_back(picture: Tensor) -> None:
    painting = Painting()
    image = picture
    for amount in (16, -16):
        image = painting.moved(image, pan_x=amount / SIZE[0])
    inner = (..., slice(8, -8), slice(8, -16))
    torch.testing.assert_close(image[inner], picture[inner], atol=1e-5, rtol=0)


def test_a_picture_that_has_changed_is_continued_anew(picture: Tensor) -> None:
    painting = Painting()
    image = painting.moved(picture, pan_x=1 / SIZE[0])
    painting.moved(0.2 + 0.6 * image, pan_x=1 / SIZE[0])
    assert painting.count == 2


def test_the_band_follows_the_colours_of_the_picture() -> None:
    """It was painted in the grey of the picture, which has become brighter since."""
    painting = Painting()
    painting.moved(torch.full((1, 3, SIZE[1], SIZE[0]), 0.5), pan_x=1 / SIZE[0])
    image = painting.moved(torch.full((1, 3, SIZE[1], SIZE[0]), 0.53), pan_x=4 / SIZE[0])
    assert painting.count == 1
    torch.testing.assert_close(image, torch.full_like(image, 0.53), atol=1e-5, rtol=0)


@pytest.mark.parametrize("border", ["paint", "black", "edge"])
def test_no_seam_where_the_border_was(border: str, picture: Tensor, embedded_vqgan: VQGAN) -> None:
    """Across the old border, a picture changes about as much as anywhere else."""
    entered = 24
    pan = {"pan_x": entered / SIZE[0]}
    image = (
        Painting(embedded_vqgan).moved(picture, **pan) if border == "paint" else warp(picture, motion(**pan), border)
    )
    steps = image.diff(dim=-1).abs().mean(dim=(0, 1, 2))
    across, new, old = steps[entered - 3 : entered + 2].max(), steps[: entered - 4].mean(), steps[entered + 8 :].mean()
    assert (across < 2.5 * old) == (border != "black")
    assert (new > old / 3) == (border == "paint")  # neither a smear nor one colour


def detail(picture: Tensor) -> Tensor:
    return picture - F.avg_pool2d(picture, 9, 1, 4, count_include_pad=False)


@pytest.mark.parametrize("border", ["paint", "reflect"])
def test_what_enters_is_no_mirror_image(border: str, picture: Tensor, embedded_vqgan: VQGAN) -> None:
    entered = 24
    pan = {"pan_x": entered / SIZE[0]}
    image = (
        Painting(embedded_vqgan).moved(picture, **pan) if border == "paint" else warp(picture, motion(**pan), border)
    )
    ones, others = (
        detail(image[..., 4 : entered - 4]),
        detail(warp(picture, motion(**pan), "reflect")[..., 4 : entered - 4]),
    )
    alike = float(F.cosine_similarity(ones.flatten(), others.flatten(), dim=0))
    assert (alike > 0.999) if border == "reflect" else (alike < 0.4)


def test_the_same_again_to_the_bit(picture: Tensor, embedded_vqgan: VQGAN) -> None:
    one, other = (Painting(embedded_vqgan) for _ in range(2))
    for _ in range(2):
        assert torch.equal(one.moved(picture, zoom=0.9, rotate=3.0), other.moved(picture, zoom=0.9, rotate=3.0))


def test_a_motion_beyond_the_margin_still_fills_the_picture(picture: Tensor, embedded_vqgan: VQGAN) -> None:
    image = Painting(embedded_vqgan).moved(picture, zoom=0.3)
    assert image.isfinite().all()
    assert float(image[..., :4, :].std()) > 0.01
