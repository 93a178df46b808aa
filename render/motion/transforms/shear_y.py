"""Shear: positive moves what is right of the centre down."""

import numpy as np

from render.motion.transforms import Matrix, Size, Transform


def _generator(slope: float, size: Size) -> Matrix:
    generator = np.zeros((3, 3))
    generator[1, 0] = slope
    return generator


TRANSFORM = Transform(unit="slope per second", example="0.1/s", generator=_generator)
