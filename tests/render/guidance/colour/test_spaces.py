"""Colour spaces, compared with published values and with a second implementation."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms
from torch import Tensor

from render.guidance.colour.spaces import cielab, encoded, from_oklab, linear, oklab

PUBLISHED = {  # CSS Color 4, samples of oklab(), and Ottosson's reference implementation
    (255, 255, 255): (1.0, 0.0, 0.0),
    (255, 0, 0): (0.62796, 0.22486, 0.12585),
    (0, 255, 0): (0.86644, -0.23389, 0.17950),
    (0, 0, 255): (0.45201, -0.03246, -0.31153),
    (102, 51, 153): (0.44027, 0.08818, -0.13386),
    (0, 0, 0): (0.0, 0.0, 0.0),
}


def pixel(*levels: int) -> Tensor:
    return torch.tensor(levels, dtype=torch.float32).view(1, 3, 1, 1) / 255


@pytest.mark.parametrize(("levels", "expected"), PUBLISHED.items())
def test_oklab_has_the_published_values(levels: tuple[int, ...], expected: tuple[float, ...]) -> None:
    assert oklab(pixel(*levels)).flatten().tolist() == pytest.approx(expected, abs=2e-5)


def test_oklab_and_back_is_the_picture() -> None:
    picture = torch.rand(2, 3, 16, 20, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(from_oklab(oklab(picture)), picture, atol=5e-5)
    assert torch.allclose(encoded(linear(picture)), picture, atol=1e-6)


def test_colours_outside_of_srgb_are_clipped() -> None:
    found = from_oklab(torch.tensor([0.6, 0.4, 0.4]).view(1, 3, 1, 1))
    assert found.min() == 0
    assert 1 - 1e-6 < found.max() <= 1


def test_black_has_a_finite_gradient() -> None:
    picture = torch.zeros(1, 3, 2, 2, requires_grad=True)
    oklab(picture).sum().backward()  # type: ignore[no-untyped-call]
    assert picture.grad is not None
    assert bool(picture.grad.isfinite().all())


def test_the_gradient_is_that_of_finite_differences() -> None:
    picture = 0.02 + 0.9 * torch.rand(1, 3, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    assert torch.autograd.gradcheck(oklab, picture.requires_grad_())
    assert torch.autograd.gradcheck(cielab, picture)


def _by_formula(levels: np.ndarray) -> np.ndarray:
    """CIELAB with white D65 by the formulas of CIE 15, in numpy and with the plain sRGB matrix."""
    encoded_light = levels / 255
    light = np.where(encoded_light <= 0.04045, encoded_light / 12.92, ((encoded_light + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    ratio = light @ np.array(to_xyz).T / (0.95047, 1.0, 1.08883)
    root = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    x, y, z = root.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def test_cielab_is_that_of_the_formulas() -> None:
    levels = np.random.default_rng(3).integers(0, 256, (200, 3))
    picture = torch.from_numpy(levels).float().T.reshape(1, 3, 10, 20) / 255
    assert cielab(picture)[0].flatten(1).T.numpy() == pytest.approx(_by_formula(levels), abs=0.01)


def test_cielab_is_that_of_littlecms_but_for_the_white() -> None:
    """LittleCMS works with white D50, to which colours are adapted: greys have the same lightness."""
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    for level in (0, 40, 128, 200, 255):
        converted = ImageCms.applyTransform(Image.new("RGB", (1, 1), (level,) * 3), to_lab)
        assert converted is not None
        lightness = float(cielab(pixel(level, level, level))[0, 0])
        assert converted.getpixel((0, 0))[0] / 255 * 100 == pytest.approx(lightness, abs=0.3)  # type: ignore[index]
