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
    if not isinstance(motion.camera, FlatMove) or motion.camera.gain is not None:
        return None  # `offset` moves it if it has a gain
    return Homography(matrices=flat_matrix(motion.camera, size)[None].repeat(count, axis=0))


def flat_matrix(move: FlatMove, size: Size) -> Matrix:
    """Return the 3x3 matrix of a camera's motion before a wall, from input to output pixels.

    If it has a gain, it is not a plane's motion: then the matrix is the one that agrees with it in the corners.
    """
    matrix = to_pixels(np.array(move.matrix).reshape(3, 3), size)
    if move.gain is None:
        return matrix
    corners = np.array([[x, y, 1.0] for x in (0, size[0] - 1) for y in (0, size[1] - 1)])
    moved = corners @ matrix.T
    before = corners[:, :2] - np.array(move.gain) * (moved[:, :2] / moved[:, 2:] - corners[:, :2])
    return _through(before, corners[:, :2])


def to_pixels(matrix: Matrix, size: Size) -> Matrix:
    """Return a motion in pixels, whose matrix is in shares of width and height."""
    place = np.array([[size[0], 0, -0.5], [0, size[1], -0.5], [0, 0, 1.0]])
    found: Matrix = place @ matrix @ np.linalg.inv(place)
    return found


def _through(before: Matrix, after: Matrix) -> Matrix:
    """The 3x3 matrix that moves four points (4, 2) to four others."""
    x, y = before.T
    zero, one = np.zeros(4), np.ones(4)
    rows = [
        np.stack([x, y, one, zero, zero, zero, -after[:, 0] * x, -after[:, 0] * y], axis=-1),
        np.stack([zero, zero, zero, x, y, one, -after[:, 1] * x, -after[:, 1] * y], axis=-1),
    ]
    found = np.linalg.lstsq(np.concatenate(rows), after.T.ravel(), rcond=None)[0]
    return np.append(found, 1.0).reshape(3, 3)


def plane_matrix(motion: FrameMotion, size: Size) -> Matrix:
    """Return the 3x3 matrix of all of a motion that moves the picture as a plane, from input to output pixels."""
    matrix = motion_matrix(motion.transforms, size, motion.center)
    return matrix @ flat_matrix(motion.camera, size) if isinstance(motion.camera, FlatMove) else matrix
