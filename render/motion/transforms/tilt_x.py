"""Perspective: positive tips the top of the picture away, so the upper half shrinks and the lower half grows.

The viewing distance is one picture height. Of a true tilt only the perspective is reproduced; the
foreshortening, a second-order effect, is omitted.
"""

import math

import numpy as np

from render.motion.transforms import Matrix, Size, Transform


def _generator(degrees: float, size: Size) -> Matrix:
    generator = np.zeros((3, 3))
    generator[2, 1] = -math.radians(degrees) / size[1]  # y points down: above the centre the divisor grows
    return generator


TRANSFORM = Transform(unit="degrees per second", example="3/s", generator=_generator)
