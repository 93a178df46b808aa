"""A surface that is known from a picture of depth."""

from dataclasses import dataclass
from functools import cached_property

import torch.nn.functional as F
from torch import Tensor

from render.device.copies import like
from render.motion.depth.eye import Eye, centres
from render.motion.depth.layers import TEAR, seen_by
from render.motion.depth.uncovered import beside, continued


@dataclass(frozen=True, kw_only=True)
class SurfaceMove:
    """What moves as a camera moves before a surface; see `Displacement`.

    Attributes:
        origin: the camera that saw the surface.
        nearness: the inverse of how far ahead of `origin` it is, (H, W) float32.
        is_seen: whether `origin` is the camera before the motion, so that it need not be found what that one sees.
    """

    origin: Eye
    nearness: Tensor
    before: Eye
    after: Eye
    is_seen: bool = False

    def at(self, points: Tensor) -> Tensor:
        """See `Displacement`. What was hidden is where something like it is seen, see `continued`."""
        positions, _ = self._field
        moved = positions - centres(self.nearness.shape[0], self.nearness.shape[1], self.nearness.device)
        return points + _interpolated(moved.movedim(-1, 0), points).movedim(1, -1)

    def visible(self, points: Tensor) -> Tensor:
        """See `Displacement`."""
        _, seen = self._field
        return _interpolated(seen[None].to(points.dtype), points).float()

    def inverse(self) -> "SurfaceMove":
        """See `Displacement`."""
        return SurfaceMove(
            origin=self.origin, nearness=self.nearness, before=self.after, after=self.before, is_seen=self.is_seen
        )

    @cached_property
    def nearness_after(self) -> Tensor:
        """The nearness of what is seen after the motion: (H, W) float32."""
        return self._seen_by(self.after)

    def _seen_by(self, eye: Eye) -> Tensor:
        if self.is_seen and eye == self.origin:
            return self.nearness
        return seen_by(eye, self.origin, self.nearness, goes_on=self.is_seen)

    @cached_property
    def _field(self) -> tuple[Tensor, Tensor]:
        """Where every pixel was, (H, W, 2), and whether it was seen there, (H, W) bool."""
        height, width = self.nearness.shape
        points = centres(height, width, self.nearness.device)
        now, then = self.nearness_after.double(), self._seen_by(self.before).double()
        met = self.after.as_seen_by(self.before, points, now)
        positions = self.before.points(met)
        expected = now / met[..., 2].clamp_min(1e-6)
        x, y = positions.round().long().unbind(-1)
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        place = y.clamp(0, height - 1) * width + x.clamp(0, width - 1)
        seen = ~inside | (then.flatten()[place] < TEAR * expected)
        by_something = beside(now) >= TEAR * now
        was_by_it = inside & (beside(then).flatten()[place] >= TEAR * expected)
        shown = seen & (by_something | ~was_by_it)
        return continued(positions, shown, shown & ~by_something, now), seen


def _interpolated(values: Tensor, points: Tensor) -> Tensor:
    """Interpolate (C, H, W) linearly at points (B, h, w, 2) in pixels: (B, C, h, w)."""
    height, width = values.shape[-2:]
    scale = like(points, [max(1, width - 1), max(1, height - 1)])
    return F.grid_sample(
        values[None].to(points.dtype).expand(len(points), -1, -1, -1),
        points / scale * 2 - 1,
        mode="bilinear",
        padding_mode="border",
        align_corners=True,
    )
