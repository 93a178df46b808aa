"""A camera at one moment: from pixels to directions and back."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from render.device.copies import like
from render.kernels.exact import exact
from render.spec.camera import View

_AHEAD = 1e-6  # what is nearer than this, or behind, is seen far outside of the picture

Matrix = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Eye:
    """A camera, and the picture that it takes.

    Attributes:
        size: (width, height) in pixels.
        horizon: where it sees what is straight ahead, as a share of the height from the top.
    """

    view: View
    size: tuple[int, int]
    horizon: float

    @cached_property
    def turn(self) -> Matrix:
        """The rotation (3, 3) from the world to the camera."""
        return np.array(self.view.pose).reshape(3, 4)[:, :3]

    @cached_property
    def shift(self) -> Matrix:
        """Where the camera sees the origin of the world: (3,)."""
        return np.array(self.view.pose).reshape(3, 4)[:, 3]

    @property
    def place(self) -> Matrix:
        """Where it is in the world: (3,)."""
        place: Matrix = -self.turn.T @ self.shift
        return place

    @property
    def focal(self) -> float:
        """How far the picture is from the camera, in pixels."""
        return self.size[0] / 2 / math.tan(math.radians(self.view.fov) / 2)

    def directions(self, points: Tensor) -> Tensor:
        """Return where points are seen: (..., 3), with z = 1."""
        middle = like(points, self._middle)
        return torch.cat([(points - middle) / self.focal, torch.ones_like(points[..., :1])], dim=-1)

    def points(self, seen: Tensor) -> Tensor:
        """Return where (..., 3) in the camera's coordinates, up to a positive factor, is in the picture: (..., 2)."""
        depth = seen[..., 2:].clamp_min(_AHEAD)
        return seen[..., :2] / depth * self.focal + like(seen, self._middle)

    def as_seen_by(self, other: "Eye", points: Tensor, nearness: Tensor) -> Tensor:
        """Return what is at points, as `other` sees it: (..., 3) in its coordinates, times `nearness`.

        Args:
            nearness: (...), the inverse of how far ahead it is; 0 for infinitely far.
        """
        turn = like(points, other.turn @ self.turn.T)
        between = like(points, other.shift + other.turn @ self.place)
        return self.directions(points) @ turn.T + nearness.unsqueeze(-1) * between

    @property
    def _middle(self) -> tuple[float, float]:
        return (self.size[0] - 1) / 2, self.horizon * self.size[1] - 0.5


def centres(height: int, width: int, device: torch.device) -> Tensor:
    """Return the centres of all pixels: (height, width, 2) float64, on `exact(device)`."""
    device = exact(device)
    down, across = torch.meshgrid(
        torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij"
    )
    return torch.stack([across, down], dim=-1).double()
