"""Convert between sRGB and the perceptual spaces OKLab and CIELAB.

Convention: pictures are (B, 3, H, W); sRGB is encoded (not linear), in [0, 1], with D65 as its white. OKLab has L in
[0, 1] and a, b within about [-0.4, 0.4]; CIELAB has L in [0, 100] and a, b within about [-128, 128].
"""

import functools

import torch
from torch import Tensor

Matrix = tuple[tuple[float, ...], ...]

_TOE = 1e-5  # of linear light, a thirtieth of an 8-bit level: below it the cube root is a line, so gradients are finite
_TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_OKLAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_TO_XYZ_OVER_WHITE = (  # IEC 61966-2-1, each row divided by its sum, which is D65
    (0.4339499, 0.3762098, 0.1898403),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0177566, 0.1094680, 0.8727755),
)
_CIE_EPSILON = (6 / 29) ** 3


def oklab(image: Tensor) -> Tensor:
    """Convert sRGB (B, 3, H, W) in [0, 1] to OKLab, same shape; differentiable.

    Source: Ottosson, "A perceptual color space for image processing" (2020). What differs: below 1e-5 of linear light
    the cube root is replaced by the chord to 0.
    """
    cones = _mixed(linear(image), _TO_CONES)
    roots = torch.where(cones > _TOE, cones.clamp(min=_TOE) ** (1 / 3), cones * _TOE ** (-2 / 3))
    return _mixed(roots, _TO_OKLAB)


def from_oklab(lab: Tensor) -> Tensor:
    """Convert OKLab (B, 3, H, W) to sRGB in [0, 1], same shape; colours outside of sRGB are clipped."""
    cones = _mixed(lab, _inverse(_TO_OKLAB)) ** 3
    return encoded(_mixed(cones, _inverse(_TO_CONES)).clamp(0.0, 1.0)).clamp(0.0, 1.0)


def cielab(image: Tensor) -> Tensor:
    """Convert sRGB (B, 3, H, W) in [0, 1] to CIELAB with white D65, same shape; differentiable.

    Source: CIE 15:2004.
    """
    shares = _mixed(linear(image), _TO_XYZ_OVER_WHITE)
    roots = torch.where(
        shares > _CIE_EPSILON, shares.clamp(min=_CIE_EPSILON) ** (1 / 3), shares * (29 / 6) ** 2 / 3 + 4 / 29
    )
    x, y, z = roots.unbind(dim=1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def linear(image: Tensor) -> Tensor:
    """Decode sRGB in [0, 1] to linear light. Source: IEC 61966-2-1."""
    return torch.where(image <= 0.04045, image / 12.92, ((image.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)


def encoded(light: Tensor) -> Tensor:
    """Encode linear light in [0, 1] as sRGB, the inverse of `linear`."""
    return torch.where(light <= 0.0031308, 12.92 * light, 1.055 * light.clamp(min=0.0031308) ** (1 / 2.4) - 0.055)


def _mixed(channels: Tensor, matrix: Matrix) -> Tensor:
    """Multiply every pixel of (B, 3, H, W) by a 3x3 matrix."""
    return (_on(matrix, channels.dtype, channels.device) @ channels.flatten(2)).view_as(channels)


@functools.cache  # a copy to the device in every step would make the host wait for it
def _on(matrix: Matrix, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.tensor(matrix, dtype=dtype, device=device)


@functools.cache
def _inverse(matrix: Matrix) -> Matrix:
    return tuple(tuple(row) for row in torch.tensor(matrix, dtype=torch.float64).inverse().tolist())
