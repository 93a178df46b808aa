"""Move the picture as the things in footage move: a field with a vector for every pixel."""

from dataclasses import dataclass, replace
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from render.device.copies import like
from render.errors import RunError
from render.motion.displacements import Displacement, Fields, depth, on_grid
from render.spec import FrameMotion
from render.spec.footage import Flow

ORDER = 0
_SHOWN = 0.5  # of a pixel, at least, if it moves as the footage does


@dataclass(frozen=True, kw_only=True)
class Field:
    """A motion given by a vector for every pixel, both ways.

    Attributes:
        backward: (B, 2, H, W) float32, for pixels of the new picture, how far to the right and down they were before.
        forward: as `backward`, for pixels of the previous picture, how far they have moved.
        seen: (B, 1, H, W) in [0, 1], how far the previous picture shows what is at pixels of the new one.
        seen_before: as `seen`, for pixels of the previous picture.
    """

    backward: Tensor
    forward: Tensor
    seen: Tensor
    seen_before: Tensor

    def positions(self, height: int, width: int, stride: int, device: torch.device) -> Tensor:
        """See `Displacement`."""
        return on_grid(self.at, height, width, stride, device)

    def at(self, points: Tensor) -> Tensor:
        """See `Displacement`. Outside of the picture things move as at its edge."""
        return points + sampled(self.backward, points).movedim(1, -1)

    def visible(self, points: Tensor) -> Tensor:
        """See `Displacement`."""
        return sampled(self.seen, points).float()

    def inverse(self) -> "Field":
        """See `Displacement`."""
        return Field(backward=self.forward, forward=self.backward, seen=self.seen_before, seen_before=self.seen)


@dataclass(frozen=True, kw_only=True)
class Filmed:
    """A motion of footage as a camera sees it that has moved in a room since; see `Displacement`.

    What the camera sees there and the footage does not show stands still.

    Attributes:
        room: how the camera has moved.
    """

    motion: Displacement
    room: Displacement

    @cached_property
    def _back(self) -> Displacement:
        return self.room.inverse()

    def positions(self, height: int, width: int, stride: int, device: torch.device) -> Tensor:
        """See `Displacement`."""
        return on_grid(self.at, height, width, stride, device)

    def at(self, points: Tensor) -> Tensor:
        """See `Displacement`."""
        moved = self._back.at(self.motion.at(self.room.at(points)))
        shown = self.room.visible(points)
        return moved if shown is None else torch.where(shown.movedim(1, -1) > _SHOWN, moved, points)

    def visible(self, points: Tensor) -> Tensor | None:
        """See `Displacement`."""
        there, shown = self.room.at(points), self.room.visible(points)
        seen = self.motion.visible(there)
        if shown is None:
            return seen
        uncovered = self._back.visible(self.motion.at(there))
        assert uncovered is not None
        return torch.where(shown > _SHOWN, uncovered if seen is None else seen * uncovered, 1.0)

    def inverse(self) -> "Filmed":
        """See `Displacement`."""
        return Filmed(motion=self.motion.inverse(), room=self.room)


def displacement(motion: FrameMotion, size: tuple[int, int], count: int, fields: Fields) -> Displacement | None:
    """Return the motion of the footage that moves a frame."""
    if motion.flow is None:
        return None
    if fields.flow is None:
        raise RunError("the motion of footage needs something that finds it, which was not loaded")
    flow = motion.flow
    if flow.before.camera is None:
        return fields.flow(flow, size)
    field = fields.flow(_unfilmed(flow), size)
    room = depth.displacement(FrameMotion(transforms={}, center=(0.5, 0.5), camera=flow.before.camera), size, 1, fields)
    assert room is not None
    return Filmed(motion=field, room=room)


def _unfilmed(flow: Flow) -> Flow:
    before, after = (replace(picture, camera=None) for picture in (flow.before, flow.after))
    return replace(flow, before=before, after=after)


def sampled(values: Tensor, points: Tensor) -> Tensor:
    """Interpolate (B, C, H, W) linearly at points (B, h, w, 2) in pixels: (B, C, h, w) of the points' type."""
    height, width = values.shape[-2:]
    scale = like(points, [max(1, width - 1), max(1, height - 1)])
    return F.grid_sample(
        values.to(points.dtype),
        (points / scale * 2 - 1).expand(len(values), -1, -1, -1),
        mode="bilinear",
        padding_mode="border",
        align_corners=True,
    )
