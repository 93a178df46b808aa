"""Combine all transforms of a frame into one homography, a 3x3 matrix.

Convention: a matrix maps input pixel coordinates to output pixel coordinates (it moves the picture); origin at the
centre of the top left pixel, x to the right, y down; positive rotation is counter-clockwise on the screen; the
    centre (0.5, 0.5) is the point ((W-1)/2, (H-1)/2).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from kornia.geometry.grid import create_meshgrid
from kornia.geometry.linalg import transform_points
from scipy.linalg import expm
from torch import Tensor

from render import catalogue
from render.device.copies import on_device
from render.kernels.exact import exact
from render.motion import transforms
from render.motion.displacements import Fields
from render.motion.transforms import Matrix, Size
from render.spec import FrameMotion

ORDER = 1


@dataclass(frozen=True, kw_only=True)
class Homography:
    """A motion given by one matrix per picture.

    Attributes:
        matrices: (B, 3, 3), input to output pixels (module convention).
    """

    matrices: Matrix

    def positions(self, height: int, width: int, stride: int, device: torch.device) -> Tensor | None:
        """See `Displacement`. Coordinates are float64: float32 is off by 1/1000 pixel at the far edge of 4K."""
        if np.array_equal(self.matrices, np.broadcast_to(np.eye(3), self.matrices.shape)):
            return None
        device = exact(device)
        pixels = create_meshgrid(height, width, normalized_coordinates=False, device=device, dtype=torch.float64)
        backwards = on_device(np.linalg.inv(_on_grid(self.matrices, stride)), device)
        sampled: Tensor = transform_points(backwards[:, None, None], pixels.expand(len(backwards), -1, -1, -1))
        return sampled

    def at(self, points: Tensor) -> Tensor:
        """See `Displacement`."""
        backwards = on_device(np.linalg.inv(self.matrices), points.device)
        sampled: Tensor = transform_points(backwards[:, None, None], points.expand(len(backwards), -1, -1, -1))
        return sampled

    def visible(self, points: Tensor) -> None:
        """See `Displacement`: nothing is in front of anything else."""

    def inverse(self) -> "Homography":
        """See `Displacement`."""
        backwards = np.linalg.inv(self.matrices).astype(np.float64, copy=False)
        return Homography(matrices=backwards)

    def after(self, earlier: "Homography") -> "Homography":
        """Return the motion of both, one after the other."""
        matrices = [matrix @ before for matrix, before in zip(self.matrices, earlier.matrices, strict=True)]
        return Homography(matrices=np.stack(matrices))


def displacement(motion: FrameMotion, size: tuple[int, int], count: int, fields: Fields) -> Homography | None:
    """Return all transforms of a motion."""
    if not motion.transforms:
        return None
    return Homography(matrices=motion_matrix(motion.transforms, size, motion.center)[None].repeat(count, axis=0))


def motion_matrix(amounts: Mapping[str, float], size: Size, center: tuple[float, float]) -> Matrix:
    """Return the 3x3 matrix of all transforms of one frame, applied at once: exp(sum of their generators).

    Args:
        amounts: name of a transform to its amount in this frame (see `FrameSpec.transforms`).
        size: (width, height) in pixels.
        center: the fixed point of zoom and rotation, in fractions of the width and height.

    Source: the exponential map of the affine group, e.g. Eade, "Lie Groups for 2D and 3D
        Transformations" (2017).
    """
    total = np.zeros((3, 3))
    for name, amount in amounts.items():
        transform = catalogue.load(transforms, name).TRANSFORM
        additive = math.log(amount) if transform.multiplicative else amount
        total += transform.generator(additive, size)
    to_center = np.eye(3)
    to_center[:2, 2] = center[0] * (size[0] - 1), center[1] * (size[1] - 1)
    matrix: Matrix = to_center @ expm(total) @ np.linalg.inv(to_center)
    return matrix


def _on_grid(matrices: Matrix, stride: int) -> Matrix:
    """Convert a motion to the coordinates of a grid whose cells are `stride` pixels wide."""
    if stride == 1:
        return matrices
    to_grid = np.diag([1 / stride, 1 / stride, 1.0])
    to_grid[:2, 2] = 0.5 / stride - 0.5
    result: Matrix = to_grid @ matrices @ np.linalg.inv(to_grid)
    return result
