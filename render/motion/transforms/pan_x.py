"""Pan: positive moves the picture to the right, in shares of its width."""

import numpy as np

from render.motion.transforms import Matrix, Size, Transform


def _generator(share: float, size: Size) -> Matrix:
    generator = np.zeros((3, 3))
    generator[0, 2] = share * size[0]
    return generator


TRANSFORM = Transform(unit="share of the width per second", example="2%/s", percent=True, generator=_generator)
