"""Move the picture as a camera sees it that drives and turns in a room, where near things move faster than far ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from render.device.copies import like
from render.errors import RunError
from render.kernels.exact import exact
from render.motion.depth.eye import Eye
from render.motion.depth.ground import GroundMove
from render.motion.depth.layers import sharpened
from render.motion.depth.surface import SurfaceMove
from render.motion.displacements import Displacement, Fields, on_grid
from render.motion.displacements.camera import to_pixels
from render.motion.transforms import Matrix, Size
from render.spec import FrameMotion
from render.spec.camera import UNMOVED, Depth, RoomMove, View

ORDER = 0.5  # as `camera`: a motion has one or the other


@dataclass(frozen=True, kw_only=True)
class Placed:
    """What a camera sees, in a picture that a matrix has moved since.

    Attributes:
        move: in the coordinates of what the camera sees.
        matrix: (3, 3), from these coordinates to the pixels of both pictures; None for none.
        count: of pictures.
    """

    move: GroundMove | SurfaceMove
    matrix: Matrix | None
    count: int

    def positions(self, height: int, width: int, stride: int, device: torch.device) -> Tensor:
        """See `Displacement`."""
        return on_grid(self.at, height, width, stride, device).expand(self.count, -1, -1, -1)

    def at(self, points: Tensor) -> Tensor:
        """See `Displacement`."""
        if self.matrix is None:
            return self.move.at(points)
        return through(self.matrix, self.move.at(_back(self.matrix, points)))

    def visible(self, points: Tensor) -> Tensor | None:
        """See `Displacement`."""
        seen = self.move.visible(points if self.matrix is None else _back(self.matrix, points))
        return None if seen is None else seen.expand(self.count, -1, -1, -1)

    def inverse(self) -> "Placed":
        """See `Displacement`."""
        return Placed(move=self.move.inverse(), matrix=self.matrix, count=self.count)


@dataclass(frozen=True, kw_only=True)
class Rooms:
    """What a camera sees that moves in rooms that a model has estimated, of each picture its own.

    Attributes:
        moves: one per picture.
    """

    moves: tuple[SurfaceMove, ...]

    @cached_property
    def nearness(self) -> Tensor:
        """The nearness of what is seen after the motion: (B, H, W) float32."""
        return torch.stack([move.nearness_after for move in self.moves])

    def positions(self, height: int, width: int, stride: int, device: torch.device) -> Tensor:
        """See `Displacement`."""
        return on_grid(self.at, height, width, stride, device)

    def at(self, points: Tensor) -> Tensor:
        """See `Displacement`."""
        return torch.cat([move.at(own) for move, own in self._each(points)])

    def visible(self, points: Tensor) -> Tensor:
        """See `Displacement`."""
        return torch.cat([move.visible(own) for move, own in self._each(points)])

    def inverse(self) -> "Rooms":
        """See `Displacement`."""
        return Rooms(moves=tuple(move.inverse() for move in self.moves))

    def _each(self, points: Tensor) -> Iterator[tuple[SurfaceMove, Tensor]]:
        return zip(self.moves, torch.split(points.expand(len(self.moves), -1, -1, -1), 1), strict=True)


def displacement(motion: FrameMotion, size: Size, count: int, fields: Fields) -> Displacement | None:
    """Return what the camera's motion does to the picture of a room; the same for all, unless a model sees them."""
    move = motion.camera
    if not isinstance(move, RoomMove):
        return None
    if move.depth.kind == "model":
        return _rooms(move, size, fields)
    matrix = to_pixels(np.array(move.motion).reshape(3, 3), size) if move.motion else None
    return Placed(move=_move(move, size, fields), matrix=matrix, count=count)


def _rooms(move: RoomMove, size: Size, fields: Fields) -> Rooms:
    if fields.nearness is None:
        raise RunError("a room that a model estimates needs that model, which was not loaded")
    before, after = (Eye(view=view, size=size, horizon=move.depth.horizon) for view in (move.before, move.after))
    return Rooms(
        moves=tuple(
            SurfaceMove(origin=before, nearness=sharpened(nearness), before=before, after=after, is_seen=True)
            for nearness in fields.nearness
        )
    )


def _move(move: RoomMove, size: Size, fields: Fields) -> GroundMove | SurfaceMove:
    def eye(view: View) -> Eye:
        return Eye(view=view, size=size, horizon=depth.horizon)

    depth = move.depth
    before, after = eye(move.before), eye(move.after)
    if depth.file is None:
        return GroundMove(before=before, after=after)
    nearness = nearness_of(depth, size, fields)
    origin = eye(View(pose=UNMOVED, fov=depth.fov))
    return SurfaceMove(origin=origin, nearness=nearness, before=before, after=after)


def nearness_of(depth: Depth, size: Size, fields: Fields) -> Tensor:
    """Return the inverse of how far ahead everything in a picture or video of depth is: (H, W) above 0, edges sharp.

    Raises:
        RunError: nothing that reads it was loaded.
    """
    if fields.grey is None or depth.file is None:
        raise RunError("a picture of depth needs something that reads it, which was not loaded")
    grey = fields.grey(size, depth.file, depth.seconds)
    white = grey.to(exact(grey.device))
    return sharpened(torch.lerp(white.new_full((), 1 / depth.far), white.new_full((), 1 / depth.near), white))


def through(matrix: Matrix, points: Tensor) -> Tensor:
    """Return where a matrix (3, 3) moves points (..., 2)."""
    moved = torch.cat([points, torch.ones_like(points[..., :1])], dim=-1) @ like(points, matrix.T)
    return moved[..., :2] / moved[..., 2:]


def _back(matrix: Matrix, points: Tensor) -> Tensor:
    inverse: Matrix = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    return through(inverse, points)
