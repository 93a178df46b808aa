"""Move a canvas by the motion of the picture in its middle."""

import torch
from torch import Tensor

from render.motion.displacements import Displacement
from render.motion.resample import catmull_rom

CELLS = 5  # the least width of the margin, in cells of the latent
SHARE = 1 / 8  # the least width of the margin, as a share of the picture's shorter side


def margin(height: int, width: int, stride: int) -> int:
    """Return the width of the canvas's margin around a picture, in pixels: a multiple of `stride`."""
    return stride * max(CELLS, round(SHARE * min(height, width) / stride))


def moved_canvas(canvas: Tensor, picture: tuple[int, int], displacement: Displacement) -> Tensor:
    """Resample a canvas once, by the motion of its middle, which is continued to the margin.

    Args:
        canvas: (B, 3 + 1, H + 2m, W + 2m), colours in [0, 1] and what is known: 1, and 0 for what was never painted.
        picture: height and width.

    Returns:
        The same shape; what comes from beyond the canvas is not known there.
    """
    height, width = picture
    rim = (canvas.shape[-1] - width) // 2
    positions = displacement.positions(height, width, 1, canvas.device)
    assert positions is not None
    widened = _widened(_widened(positions, 1, rim), 2, rim) + rim
    colours = catmull_rom(canvas[:, :3], widened, "edge")
    known = catmull_rom(canvas[:, 3:], widened, "black")
    return torch.cat([colours, known], dim=1).clamp(0.0, 1.0)


def _widened(positions: Tensor, dim: int, rim: int) -> Tensor:
    """Continue a field by `rim` on both sides of a dimension: straight on, as it went over as many pixels before."""
    length = positions.shape[dim]
    span = max(1, min(rim, length - 1))
    away = torch.arange(1, rim + 1, dtype=positions.dtype, device=positions.device)
    away = away.view([-1 if axis == dim else 1 for axis in range(4)])

    def row(index: int) -> Tensor:
        return positions.narrow(dim, min(index, length - 1), 1)

    before = row(0) - away.flip(dim) * (row(span) - row(0)) / span
    after = row(length - 1) + away * (row(length - 1) - row(length - 1 - span)) / span
    return torch.cat([before, positions, after], dim=dim)
