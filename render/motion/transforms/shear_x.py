"""Shear: positive leans the picture to the right, as italics do; what is above the centre moves right."""

import numpy as np

from render.motion.transforms import Matrix, Size, Transform


def _generator(slope: float, size: Size) -> Matrix:
    generator = np.zeros((3, 3))
    generator[0, 1] = -slope  # y points down
    return generator


TRANSFORM = Transform(unit="slope per second", example="0.1/s", generator=_generator)
