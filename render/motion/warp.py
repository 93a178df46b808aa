"""Move the picture: all moves of a frame in one 3x3 matrix, one resample, float throughout.

Convention: a matrix maps input pixel coordinates to output pixel coordinates (it moves the picture);
    origin in the centre of the top left pixel, x to the right, y down; positive rotation is
    counter-clockwise on the screen; the centre (0.5, 0.5) is the point ((W-1)/2, (H-1)/2).
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
from kornia.geometry.grid import create_meshgrid
from kornia.geometry.linalg import transform_points
from scipy.linalg import expm
from torch import Tensor

from render import catalogue
from render.motion import transforms
from render.motion.resample import catmull_rom
from render.motion.transforms import Matrix, Size


def motion_matrix(amounts: Mapping[str, float], size: Size, center: tuple[float, float]) -> Matrix:
    """The 3x3 matrix of all moves of one frame, done at once: exp(sum of their generators).

    Args:
        amounts: name of a transform to its amount in this frame (see `FrameSpec.transforms`).
        size: (width, height) in pixels.
        center: the fixed point of zoom and rotation, as shares of the width and height.

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


def warp(image: Tensor, matrices: Matrix, border: str) -> Tensor:
    """Move a picture: see `move`, with cubic overshoot clamped to [0, 1]."""
    moved = move(image, matrices, border)
    return moved if moved is image else moved.clamp(0.0, 1.0)


def move(field: Tensor, matrices: Matrix, border: str) -> Tensor:
    """Resample `field` once by one matrix each; the identity is an exact no-op.

    Args:
        field: (B, C, H, W) float.
        matrices: (B, 3, 3), input to output pixels (module convention).
        border: what enters from outside, one of `render.spec.BORDERS`.

    Raises:
        ValueError: a matrix per picture is missing, or the border is unknown.
    """
    if matrices.shape != (len(field), 3, 3):
        raise ValueError(f"expected matrices of shape {(len(field), 3, 3)}, got {matrices.shape}")
    if np.array_equal(matrices, np.broadcast_to(np.eye(3), matrices.shape)):
        return field
    height, width = field.shape[-2:]
    # Coordinates in float64: a slow motion is a thousandth of a pixel off at the far side of a 4K picture.
    pixels = create_meshgrid(height, width, normalized_coordinates=False, device=field.device, dtype=torch.float64)
    backwards = torch.from_numpy(np.linalg.inv(matrices)).to(field.device)
    seen = transform_points(backwards[:, None, None], pixels.expand(len(field), -1, -1, -1))
    return catmull_rom(field, seen, border)
