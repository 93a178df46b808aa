"""A floor below the camera, and the sky."""

from dataclasses import dataclass

from torch import Tensor

from render.device.copies import like
from render.motion.depth.eye import Eye


@dataclass(frozen=True, kw_only=True)
class GroundMove:
    """What moves as a camera moves over a floor that is 1 below the world's origin; see `Displacement`.

    Nothing hides anything: the floor is a plane, and the sky infinitely far.
    """

    before: Eye
    after: Eye

    def at(self, points: Tensor) -> Tensor:
        """See `Displacement`."""
        eye = self.after
        down = eye.directions(points) @ like(points, eye.turn.T[1])
        nearness = down.clamp_min(0.0) / (1.0 - float(eye.place[1]))
        return self.before.points(eye.as_seen_by(self.before, points, nearness))

    def visible(self, points: Tensor) -> None:
        """See `Displacement`."""

    def inverse(self) -> "GroundMove":
        """See `Displacement`."""
        return GroundMove(before=self.after, after=self.before)
