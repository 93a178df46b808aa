"""An endless picture: shows detail at every zoom level, for previews of motion."""

import math
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.curves.array import Array
from pipeline.curves.easings import smooth
from render.motion.transforms import Matrix

T = TypeVar("T", float, Array)


_TINY = 1e-300


_AROUND = 2.0**22  # half pictures after which every visible octave repeats


class EndlessPicture:
    """A picture that repeats at every doubling of its size about its centre, and is mirrored beyond its edges.

    Args:
        picture: (1, 3, H, W) in [0, 1].

    Convention: matrices map output pixels to picture pixels; the origin is the centre of the top left pixel.

    Source: the octaves of Shepard's endless scale (1964), applied to pictures.
    """

    def __init__(self, picture: Tensor) -> None:
        self._picture = picture
        height, width = picture.shape[-2:]
        # Converts to coordinates in which the picture spans -1 to 1, so every mirror image spans two odd numbers.
        self._half = np.array([(width - 1) / 2, (height - 1) / 2])
        self._to_pixels = np.array([[self._half[0], 0, self._half[0]], [0, self._half[1], self._half[1]], [0, 0, 1.0]])
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        self._places = np.stack([x, y, np.ones_like(x)], axis=-1)

    def nearest(self, matrix: Matrix) -> Matrix:
        """An equivalent matrix with small numbers, so that an hour of zoom stays within the range of floats."""
        inside = np.linalg.inv(self._to_pixels) @ matrix @ self._to_pixels
        inside /= np.abs(inside[2]).max()
        if np.abs(inside[2, :2]).max() < 1e-9 * abs(inside[2, 2]):  # rounding errors do not count as a tilt
            inside[2, :2] = 0.0
        inside[:2] *= 2.0 ** -math.floor(_level(inside, inside[2, 2] or 1.0))
        away = np.round(inside[:2, 2] / (inside[2, 2] or 1.0) / _AROUND) * _AROUND
        inside[:2] -= np.outer(away, inside[2])
        result: Matrix = self._to_pixels @ inside @ np.linalg.inv(self._to_pixels)
        return result

    def seen_through(self, matrix: Matrix) -> Tensor:
        """The picture seen through `matrix` (3, 3): (1, 3, H, W) in [0, 1].

        At the scales 1, 2, 4, ... and 1/2, 1/4, ... it is the picture itself; in between, two octaves are blended. In
        perspective, every pixel has its own scale.
        """
        inside = np.linalg.inv(self._to_pixels) @ matrix @ self._to_pixels
        return self._flat(inside / inside[2, 2]) if not inside[2, :2].any() else self._tilted(inside)

    def _flat(self, inside: Matrix) -> Tensor:
        level = _level(inside, 1.0)
        octave = math.floor(level)

        def sampled(octave: int) -> Tensor:
            affine = inside[:2] * 2.0**-octave
            affine[:, 2] = np.mod(affine[:, 2] + 2, 4) - 2  # in float64, since a long pan moves far from the picture
            theta = torch.from_numpy(affine[None]).float()
            return self._sampled(F.affine_grid(theta, list(self._picture.shape), align_corners=True))

        return torch.lerp(sampled(octave), sampled(octave + 1), float(smooth(np.asarray(level - octave))))

    def _tilted(self, inside: Matrix) -> Tensor:
        mapped = self._places @ inside.T
        divisor = mapped[..., 2:]
        horizon = 1e-6 * np.abs(divisor).max()
        divisor = np.where(np.abs(divisor) < horizon, horizon, divisor)
        level = _level(inside, divisor)
        octave = np.floor(level)

        def sampled(octave: Array) -> Tensor:
            return self._sampled(torch.from_numpy(mapped[..., :2] / divisor * 2.0**-octave)[None].float())

        share = torch.from_numpy(smooth(level - octave)).float().movedim(-1, 0)[None]
        return torch.lerp(sampled(octave), sampled(octave + 1), share)

    def _sampled(self, grid: Tensor) -> Tensor:
        return F.grid_sample(self._picture, grid, mode="bilinear", padding_mode="reflection", align_corners=True)


def _level(matrix: Matrix, divisor: T) -> T:
    """The number of doublings in size where the third coordinate is `divisor`; size is the square root of area."""
    area = max(abs(np.linalg.det(matrix)), _TINY)
    level: T = (math.log2(area) - 3 * np.log2(np.maximum(np.abs(divisor), _TINY))) / 2
    return level
