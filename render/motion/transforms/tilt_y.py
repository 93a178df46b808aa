"""Perspective: positive tips the right side away, so the right half shrinks and the left half grows; see `tilt_x`."""

import math

import numpy as np

from render.motion.transforms import Matrix, Size, Transform


def _generator(degrees: float, size: Size) -> Matrix:
    generator = np.zeros((3, 3))
    generator[2, 0] = math.radians(degrees) / size[1]
    return generator


TRANSFORM = Transform(unit="degrees per second", example="3/s", generator=_generator)
