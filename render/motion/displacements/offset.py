"""Move the picture as Deforum and Disco do in 3D: against the way on which a camera's motion would move each point.

It is no camera's motion: the way is that of the point where the picture arrives, not where it comes from. With small
steps the two are alike.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from render.device.copies import like
from render.motion.displacements import Displacement, Fields, on_grid
from render.motion.displacements.camera import to_pixels
from render.motion.transforms import Matrix, Size
from render.spec import FrameMotion
from render.spec.camera import FlatMove

ORDER = 0.5  # as `camera`: a motion has one or the other
_ROUNDS = 12  # of Newton's method, which doubles the digits in each; two or three do for the steps of a film
_AHEAD = 1e-6  # what is nearer than this, or behind, is moved far out of the picture


@dataclass(frozen=True, kw_only=True)
class Offset:
    """See the module.

    Attributes:
        matrix: (3, 3), in pixels.
        gain: how much of the way, across and down.
        count: of pictures.
        backwards: whether this is the motion back.

    Source: deforum-art/sd-webui-deforum, scripts/deforum_helpers/animation.py, transform_image_3d_new without depth.
    """

    matrix: Matrix
    gain: tuple[float, float]
    count: int
    backwards: bool = False

    def positions(self, height: int, width: int, stride: int, device: torch.device) -> Tensor:
        """See `Displacement`."""
        return on_grid(self.at, height, width, stride, device).expand(self.count, -1, -1, -1)

    def at(self, points: Tensor) -> Tensor:
        """See `Displacement`."""
        return self._solved(points) if self.backwards else self._before(points)[0]

    def visible(self, points: Tensor) -> None:
        """See `Displacement`: nothing is in front of anything else."""

    def inverse(self) -> "Offset":
        """See `Displacement`."""
        return Offset(matrix=self.matrix, gain=self.gain, count=self.count, backwards=not self.backwards)

    def _before(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Where points were, and the derivative of that: (..., 2) and (..., 2, 2)."""
        matrix, gain = like(points, self.matrix), like(points, self.gain)
        moved = torch.cat([points, torch.ones_like(points[..., :1])], dim=-1) @ matrix.T
        ahead = moved[..., 2:].clamp_min(_AHEAD)
        there = moved[..., :2] / ahead
        slope = (matrix[:2, :2] - there[..., None] * matrix[2, :2]) / ahead[..., None]
        one = torch.eye(2, dtype=points.dtype, device=points.device)
        return points - gain * (there - points), one - gain[:, None] * (slope - one)

    def _solved(self, points: Tensor) -> Tensor:
        """Where points have gone, by Newton's method."""
        found = points
        for _ in range(_ROUNDS):
            before, slope = self._before(found)
            a, b, c, d = slope.flatten(-2).unbind(-1)
            x, y = (points - before).unbind(-1)
            area = a * d - b * c
            area = torch.where(area.abs() < _AHEAD, _AHEAD, area)
            found = found + torch.stack([d * x - b * y, a * y - c * x], dim=-1) / area[..., None]
        return found


def displacement(motion: FrameMotion, size: Size, count: int, fields: Fields) -> Displacement | None:
    """Return what the camera's motion does to a flat picture, if it has a gain."""
    move = motion.camera
    if not isinstance(move, FlatMove) or move.gain is None:
        return None
    return Offset(matrix=to_pixels(np.array(move.matrix).reshape(3, 3), size), gain=move.gain, count=count)
