"""Matrices of a camera's motion, as plain numbers and in shares of the picture."""

import numpy as np

from pipeline.curves.array import Array

_FARTHEST = 1000.0  # factor in size beyond which nothing is left of a room that `motion:` shrinks or enlarges
DIGITS = 12  # so that another machine's rounding gives the same hash


def rounded(matrix: Array) -> tuple[float, ...]:
    """The numbers of a matrix, row by row."""
    return tuple(float(number) + 0.0 for number in matrix.round(DIGITS).ravel())


def lens(fov: Array, size: tuple[int, int]) -> Array:
    """The matrices (n, 3, 3) that project what a camera sees to shares of width and height."""
    scale = 0.5 / np.tan(np.radians(fov) / 2)
    found = np.zeros((len(fov), 3, 3))
    found[:, 0, 0], found[:, 1, 1] = scale, scale * size[0] / size[1]
    found[:, :2, 2], found[:, 2, 2] = 0.5, 1.0
    return found


def relative(first: tuple[float, ...], last: tuple[float, ...]) -> tuple[float, ...]:
    """The motion between two that are counted from the same frame; empty for none."""
    if first == last:
        return ()
    before = np.reshape(first, (3, 3))
    return rounded(np.reshape(last, (3, 3)) @ np.linalg.inv(before)) if np.linalg.det(before) else (0.0,) * 9


def is_lost(moved: tuple[float, ...]) -> bool:
    """Whether a motion shrinks or enlarges a picture so far that nothing is left of it."""
    return bool(moved) and not 1 / _FARTHEST < abs(np.linalg.det(np.reshape(moved, (3, 3)))) ** 0.5 < _FARTHEST
