"""Rotation in degrees: positive turns the picture counter-clockwise on the screen."""

import math

import numpy as np

from render.motion.transforms import Matrix, Size, Transform


def _generator(degrees: float, size: Size) -> Matrix:
    # y points down, so the signs of the counter-clockwise rotation are reversed.
    return math.radians(degrees) * np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


TRANSFORM = Transform(unit="degrees per second", example="3/s", generator=_generator)
