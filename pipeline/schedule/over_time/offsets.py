"""How the 3D mode of Deforum and Disco moves a flat picture, for cameras with `projection: deforum`.

A wall at distance 1 fills the view of a camera at the middle, from -1 to 1 in both directions. A step of the camera
moves its points; every point of the new picture then shows what was at itself minus the way of the point there, times a
gain, 1 / tan(fov / 2), across divided by the aspect ratio. The camera then begins anew in front of the wall.

Convention: as `pipeline.schedule.over_time.camera_path`; the corners of the view are the middles of the corner pixels.

Source: deforum-art/sd-webui-deforum, scripts/deforum_helpers/animation.py, transform_image_3d_new, with pytorch3d's
    FoVPerspectiveCameras; alembics/disco-diffusion, disco_xform_utils.py.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from render.spec.camera import FlatMove

_NEAREST = 0.02  # of the wall's distance
_LARGEST = 10.0  # factor by which a frame may enlarge or shrink the area around a point
_CORNERS = np.array([[x, y, 1.0] for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0)])


def walls(steps: Array) -> Array:
    """The matrices (n, 3, 3) by which steps of a camera (n, 4, 4) move a wall at distance 1."""
    found = steps[:, :3, :3].copy()
    found[:, :, 2:] += steps[:, :3, 3:].sum(axis=-1, keepdims=True)  # none without a step
    return found


def gains(fov: Array, aspect: Array) -> Array:
    """The gains (n, 2) across and down."""
    down = 1 / np.tan(np.radians(fov) / 2)
    return np.stack([down / aspect, down], axis=-1)


def unseen(walls: Array, gains: Array) -> NDArray[np.bool_]:
    """Of each step, whether it shows what is behind the camera, or turns some of the picture over: (n,) bool."""
    moved = np.einsum("nij,kj->nki", walls, _CORNERS)
    ahead = moved[..., 2]
    with np.errstate(all="ignore"):
        there = moved[..., :2] / ahead[..., None]
        slope = (walls[:, None, :2, :2] - there[..., None] * walls[:, None, 2:, :2]) / ahead[..., None, None]
        shape = np.eye(2) - gains[:, None, :, None] * (slope - np.eye(2))
        area, trace = np.linalg.det(shape), np.trace(shape, axis1=-2, axis2=-1)
        twice = (trace < 0) & (trace**2 >= 4 * area)  # turned over in both directions
        sound = (ahead > _NEAREST) & (area > 1 / _LARGEST**2) & (area < _LARGEST**2) & ~twice
    found: NDArray[np.bool_] = ~sound.all(axis=-1)
    return found


class OffsetMoves:
    """The motion of a flat picture from frame to frame.

    Args:
        steps: of the camera, from each frame to the next, (n - 1, 4, 4).
        fov, aspect: in every frame, (n,).
        size: (width, height) in pixels.
    """

    def __init__(self, steps: Array, fov: Array, aspect: Array, size: tuple[int, int]) -> None:
        self._walls, self._gains = walls(steps), gains(fov, aspect)
        self._wide = np.array(size) / (np.array(size) - 1.0)  # the wall reaches to the middles of the corner pixels

    def first_unseen(self, counts: Callable[[int], bool]) -> int | None:
        """Return the first frame that counts to which the camera moves too far."""
        found = map(int, np.flatnonzero(unseen(self._walls, self._gains[1:])) + 1)
        return next(filter(counts, found), None)

    def at(self, number: int, digits: int) -> FlatMove | None:
        """Return the motion to frame `number`; None if the camera rests."""
        wall, gain, wide = self._walls[number - 1], self._gains[number], self._wide
        if np.array_equal(wall, np.eye(3)):
            return None
        from_shares = np.array([[2 * wide[0], 0, -wide[0]], [0, 2 * wide[1], -wide[1]], [0, 0, 1.0]])
        matrix = np.linalg.inv(from_shares) @ wall @ from_shares
        across, down = (round(float(share), digits) for share in gain * wide)
        rows = (matrix / matrix[2, 2]).round(digits).ravel()
        return FlatMove(matrix=tuple(float(entry) + 0.0 for entry in rows), gain=(across, down))
