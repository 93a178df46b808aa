"""Move the picture as a camera sees it that drives and turns."""

import numpy as np

from render.motion.displacements import Displacement, Fields
from render.motion.displacements.homography import Homography, motion_matrix
from render.motion.transforms import Matrix, Size
from render.spec import FrameMotion
from render.spec.camera import FlatMove

ORDER = 0.5  # between what moves in footage and what moves the picture as a whole


def displacement(motion: FrameMotion, size: Size, count: int, fields: Fields) -> Displacement | None:
    """Return what the camera's motion does to a flat picture."""
    if not isinstance(motion.camera, FlatMove):
        return None
    return Homography(matrices=flat_matrix(motion.camera, size)[None].repeat(count, axis=0))


def flat_matrix(move: FlatMove, size: Size) -> Matrix:
    """Return the 3x3 matrix of a camera's motion before a wall, from input to output pixels."""
    return to_pixels(np.array(move.matrix).reshape(3, 3), size)


def to_pixels(matrix: Matrix, size: Size) -> Matrix:
    """Return a motion in pixels, whose matrix is in shares of width and height."""
    place = np.array([[size[0], 0, -0.5], [0, size[1], -0.5], [0, 0, 1.0]])
    found: Matrix = place @ matrix @ np.linalg.inv(place)
    return found


def plane_matrix(motion: FrameMotion, size: Size) -> Matrix:
    """Return the 3x3 matrix of all of a motion that moves the picture as a plane, from input to output pixels."""
    matrix = motion_matrix(motion.transforms, size, motion.center)
    return matrix @ flat_matrix(motion.camera, size) if isinstance(motion.camera, FlatMove) else matrix
