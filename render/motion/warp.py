"""Move the picture by one resample per frame, in floating point throughout."""

from torch import Tensor

from render.motion.displacements import Displacement
from render.motion.resample import catmull_rom
from render.spec import PAINT


def warp(image: Tensor, displacement: Displacement, border: str) -> Tensor:
    """Move a picture (B, 3, H, W) in [0, 1] by `move`, and clamp the cubic's overshoot to [0, 1]; same shape.

    With `render.spec.PAINT` it is mirrored: only the frame itself is painted, on its canvas.
    """
    moved = move(image, displacement, "reflect" if border == PAINT else border)
    return moved if moved is image else moved.clamp(0.0, 1.0)


def move(field: Tensor, displacement: Displacement, border: str, stride: int = 1) -> Tensor:
    """Resample `field` once; if nothing moves, return the tensor itself.

    Args:
        field: (B, C, h, w) float: a picture, or any values on a grid with cells of `stride` pixels.
        displacement: the motion of the frame.
        border: how the area outside the picture is filled, one of `render.spec.BORDERS`.

    Raises:
        ValueError: the positions are not (B, h, w, 2), or the border is unknown.
    """
    height, width = field.shape[-2:]
    positions = displacement.positions(height, width, stride, field.device)
    if positions is None:
        return field
    expected = (len(field), height, width, 2)
    if positions.shape != expected:
        raise ValueError(f"expected sampling positions of shape {expected}, got {tuple(positions.shape)}")
    return catmull_rom(field, positions, border)
