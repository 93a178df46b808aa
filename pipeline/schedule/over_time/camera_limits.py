"""How far a camera may move from one frame to the next, and where to."""

import numpy as np

from pipeline.curves.array import Array
from render.errors import InputError
from render.spec.camera import Depth

_NEAREST = 0.02  # of the wall's distance: what the picture shows is at least as far ahead in the frame before
_LARGEST = 10.0  # factor by which a frame may enlarge or shrink the one before


class CameraError(InputError):
    """A camera that cannot move as a schedule says.

    Attributes:
        wrong: what is wrong with it.
        shot: the number of the shot in which it is.
    """

    def __init__(self, wrong: str, shot: int) -> None:
        super().__init__(f"camera: {wrong}")
        self.wrong, self.shot = wrong, shot


def unseen(step: Array, fov: float, size: tuple[int, int], horizon: float = 0.5) -> str:
    """What is wrong with a step that is too large; "" if nothing is."""
    size_change = np.linalg.det(step) if np.isfinite(step).all() else np.inf  # rates are finite, so it overflowed
    if not 1 / _LARGEST < size_change < _LARGEST:
        return f"it drives so far that the picture changes its size by more than a factor of {_LARGEST:g}"
    right = np.tan(np.radians(fov) / 2)
    high = 2 * right * size[1] / size[0]
    corners = np.array([[x, y, 1.0] for x in (-right, right) for y in (-horizon * high, (1 - horizon) * high)])
    if (np.linalg.solve(step, corners.T)[2] < _NEAREST).any():
        return "it turns so far that the picture shows what was behind it"
    return ""


def through(pose: Array, depth: Depth) -> str:
    """What is wrong with a pose that is below the ground, or beyond what is nearest in a picture; "" if nothing is.

    A model sees anew what is ahead, so only the pose after one step from there counts.
    """
    if not np.isfinite(pose).all():
        return "the motion is not a number"
    position = -pose[:3, :3].T @ pose[:3, 3]
    if depth.kind == "ground":
        return "" if position[1] < 1 - _NEAREST else "it flies through the floor, which is 1 below where it began,"
    if position[2] < depth.near * (1 - _NEAREST):
        return ""
    if depth.kind == "model":
        return f"it drives {position[2]:.3g} ahead in one frame, through what is nearest, which is {depth.near:g} away,"
    return f"it flies through the picture, where the nearest is {depth.near:g} ahead of where it began,"
