"""Put the motion of a frame together: its parts, of every kind of the catalogue, and those of the frames before it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from render import catalogue
from render.kernels.exact import exact
from render.motion import displacements
from render.motion.depth.layers import sampled
from render.motion.displacements import NO_FIELDS, Displacement, Fields, on_grid
from render.motion.displacements.depth import Rooms
from render.motion.displacements.homography import Homography
from render.spec import FrameMotion


@dataclass(frozen=True, kw_only=True)
class Composed:
    """Displacements one after the other.

    Attributes:
        parts: in order of time.
    """

    parts: tuple[Displacement, ...]

    def positions(self, height: int, width: int, stride: int, device: torch.device) -> Tensor:
        """See `Displacement`."""
        return on_grid(self.at, height, width, stride, device)

    def at(self, points: Tensor) -> Tensor:
        """See `Displacement`."""
        for part in reversed(self.parts):
            points = part.at(points)
        return points

    def visible(self, points: Tensor) -> Tensor | None:
        """See `Displacement`: shown through all of the parts."""
        seen: Tensor | None = None
        for part in reversed(self.parts):
            here = part.visible(points)
            if here is not None:
                seen = here if seen is None else seen * here
            points = part.at(points)
        return seen

    def inverse(self) -> "Composed":
        """See `Displacement`."""
        return Composed(parts=tuple(part.inverse() for part in reversed(self.parts)))


@dataclass(frozen=True, kw_only=True)
class Still:
    """No motion at all."""

    def positions(self, height: int, width: int, stride: int, device: torch.device) -> None:
        """See `Displacement`."""

    def at(self, points: Tensor) -> Tensor:
        """See `Displacement`."""
        return points

    def visible(self, points: Tensor) -> None:
        """See `Displacement`."""

    def inverse(self) -> "Still":
        """See `Displacement`."""
        return self


@dataclass(frozen=True, kw_only=True)
class Motions:
    """Turns motions into displacements, see `Displace`."""

    fields: Fields = NO_FIELDS

    def __call__(self, image: Tensor, motions: Sequence[FrameMotion], nearness: Tensor | None = None) -> Displacement:
        parts: list[Displacement] = []  # the last one first
        for part in reversed(self._parts(image, motions, nearness)):
            if parts and isinstance(part, Homography) and isinstance(parts[-1], Homography):
                parts[-1] = parts[-1].after(part)
            else:
                parts.append(part)
        return parts[0] if len(parts) == 1 else Composed(parts=tuple(reversed(parts))) if parts else Still()

    def _parts(self, image: Tensor, motions: Sequence[FrameMotion], nearness: Tensor | None) -> list[Displacement]:
        """All parts, in order of time; each moves what is known of the room for the next one."""
        size = image.shape[-1], image.shape[-2]
        fields = replace(self.fields, nearness=None if nearness is None else nearness.to(exact(image.device)))
        parts: list[Displacement] = []
        for motion in motions:
            for kind in _kinds():
                part = kind.displacement(motion, size, len(image), fields)
                if part is not None:
                    parts.append(part)
                    if fields.nearness is not None:
                        fields = replace(fields, nearness=carried(part, fields.nearness))
        return parts


def carried(motion: Displacement, nearness: Tensor) -> Tensor:
    """Return the nearness of what is seen after a motion: (B, H, W).

    A camera that moves in the room sees things come nearer or go farther; everything else moves the picture, and the
    nearness with it. What enters the picture is as near as what is at its edge.

    Args:
        nearness: (B, H, W), of what the picture shows before the motion.
    """
    if isinstance(motion, Composed):
        for part in motion.parts:
            nearness = carried(part, nearness)
        return nearness
    if isinstance(motion, Rooms):
        return motion.nearness.to(nearness)
    positions = motion.positions(nearness.shape[-2], nearness.shape[-1], 1, nearness.device)
    if positions is None:
        return nearness
    positions = positions.expand(len(nearness), -1, -1, -1).to(nearness)
    return torch.stack([sampled(each, points) for each, points in zip(nearness, positions, strict=True)])


def _kinds() -> list[Any]:
    found = [catalogue.load(displacements, name) for name in catalogue.names(displacements)]
    return sorted(found, key=lambda kind: kind.ORDER)
