"""Perspective: positive tips the top of the picture away, so the upper half shrinks and the lower half grows.

Seen from a distance of one picture height. What is kept of a true tilt is its perspective; the
foreshortening, which is of second order, is not.
"""

import math

import numpy as np

from render.motion.transforms import Matrix, Size, Transform


def _generator(degrees: float, size: Size) -> Matrix:
    generator = np.zeros((3, 3))
    generator[2, 1] = -math.radians(degrees) / size[1]  # y points down: above the centre the divisor grows
    return generator


TRANSFORM = Transform(unit="degrees per second", example="3/s", generator=_generator)
