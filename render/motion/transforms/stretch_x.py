"""Stretch: a factor above 1 makes the picture wider and leaves its height."""

import numpy as np

from render.motion.transforms import Matrix, Size, Transform


def _generator(log_factor: float, size: Size) -> Matrix:
    return log_factor * np.diag([1.0, 0.0, 0.0])


TRANSFORM = Transform(unit="factor per second", example="1.05/s", multiplicative=True, generator=_generator)
