"""Pan: positive moves the picture down, in shares of its height."""

import numpy as np

from render.motion.transforms import Matrix, Size, Transform


def _generator(share: float, size: Size) -> Matrix:
    generator = np.zeros((3, 3))
    generator[1, 2] = share * size[1]
    return generator


TRANSFORM = Transform(unit="share of the height per second", example="2%/s", percent=True, generator=_generator)
