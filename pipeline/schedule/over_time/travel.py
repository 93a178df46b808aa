"""Computes how far the picture has moved since the last cut, for regions that move with it."""

from collections.abc import Callable, Collection

import numpy as np

from pipeline.curves.array import Array
from render.spec import FrameMotion

FARTHEST = 1e12  # an endless zoom would overflow


class Travel:
    """The motion of all frames since the last cut, as one 3x3 matrix in shares of the width and height.

    It depends on the schedule alone, never on what was rendered, so a resumed run gets the same one.

    Args:
        count: number of frames.
        size: (width, height) of the picture in pixels.
        cuts: the frames without a predecessor.
        move: returns the motion from the frame before to a frame.
    """

    def __init__(
        self, count: int, size: tuple[int, int], cuts: Collection[int], move: Callable[[int], FrameMotion]
    ) -> None:
        self._count, self._size, self._cuts, self._move = count, size, cuts, move
        self._since_cut: Array | None = None

    def at(self, index: int) -> tuple[float, ...]:
        """The matrix of frame `index`, row by row: from where a point was at the last cut to where it is."""
        if self._since_cut is None:
            self._since_cut = self._accumulated()
        return tuple(map(float, self._since_cut[index].ravel()))

    def _accumulated(self) -> Array:
        from render.motion.displacements.camera import plane_matrix  # imports torch, only if a region moves

        width, height = self._size
        to_pixels = np.array([[width, 0, -0.5], [0, height, -0.5], [0, 0, 1.0]])  # from shares
        found = np.empty((self._count, 3, 3))
        total = np.eye(3)
        for index in range(self._count):
            motion = self._move(index)
            matrix = plane_matrix(motion, self._size)
            total = np.eye(3) if index in self._cuts else np.clip(matrix @ total, -(FARTHEST**2), FARTHEST**2)
            moved = np.linalg.inv(to_pixels) @ total @ to_pixels
            found[index] = np.nan_to_num(moved / moved[2, 2], nan=0.0)
        return np.clip(found, -FARTHEST, FARTHEST)
