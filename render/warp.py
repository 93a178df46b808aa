"""Move the picture: all moves of a frame in one 3x3 matrix, one resample, float throughout.

Convention: a matrix maps input pixel coordinates to output pixel coordinates (it moves the picture);
    origin in the centre of the top left pixel, x to the right, y down; positive rotation is
    counter-clockwise on the screen; the centre (0.5, 0.5) is the point ((W-1)/2, (H-1)/2).
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
from kornia.geometry.transform import warp_perspective
from scipy.linalg import expm
from torch import Tensor

from render import catalogue, transforms
from render.spec import BORDERS
from render.transforms import Matrix, Size

_PADDING = {"reflect": "reflection", "edge": "border", "black": "zeros", "wrap": "zeros"}


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
    """Resample `image` once, bicubic, by one matrix per picture; the identity is an exact no-op.

    Args:
        image: (B, 3, H, W) float in [0, 1].
        matrices: (B, 3, 3), input to output pixels (module convention).
        border: what enters from outside, one of `render.spec.BORDERS`.

    Returns:
        (B, 3, H, W) in [0, 1]; cubic overshoot is clamped.

    Raises:
        ValueError: a matrix per picture is missing, or the border is unknown.
    """
    if matrices.shape != (len(image), 3, 3):
        raise ValueError(f"expected matrices of shape {(len(image), 3, 3)}, got {matrices.shape}")
    if border not in _PADDING:
        raise ValueError(f"expected a border out of {BORDERS}, got '{border}'")
    if np.array_equal(matrices, np.broadcast_to(np.eye(3), matrices.shape)):
        return image  # an identity warp would err by 4e-6
    height, width = image.shape[-2:]
    if border == "wrap":
        image, matrices = _tile(image, matrices)
    moves = torch.from_numpy(matrices).to(image)
    moved = warp_perspective(
        image, moves, (height, width), mode="bicubic", padding_mode=_PADDING[border], align_corners=True
    )
    return moved.clamp(0.0, 1.0)


def _tile(image: Tensor, matrices: Matrix) -> tuple[Tensor, Matrix]:
    """Repeat the picture as far as the output looks beyond it: no sampler knows a wrapping border."""
    height, width = image.shape[-2:]
    corners = np.array([[x, y, 1.0] for x in (0, width - 1) for y in (0, height - 1)]).T
    seen = np.linalg.inv(matrices) @ corners
    seen = seen[:, :2] / seen[:, 2:]
    reach = np.abs(seen - np.array([[width - 1], [height - 1]]) / 2).max(axis=(0, 2))
    # Two pixels more than what is seen: the cubic kernel's support.
    pad_x = max(0, math.ceil(reach[0] - (width - 1) / 2)) + 2
    pad_y = max(0, math.ceil(reach[1] - (height - 1) / 2)) + 2
    rows = torch.arange(-pad_y, height + pad_y, device=image.device) % height
    columns = torch.arange(-pad_x, width + pad_x, device=image.device) % width
    shift = np.eye(3)
    shift[:2, 2] = -pad_x, -pad_y
    return image[:, :, rows][:, :, :, columns], matrices @ shift
