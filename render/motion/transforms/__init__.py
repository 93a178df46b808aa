"""Geometric moves, one per file; the file's name is the key under `motion:`.

Contract: an entry module defines `TRANSFORM`, a `Transform`. To add a move, add a file.

A move is described by its generator: the velocity field that it applies to the plane. The moves of a frame
happen simultaneously, not one after the other: their generators are added and exponentiated together
(`render.motion.displacements.homography.motion_matrix`). So the order of moves does not matter, and a motion with
constant rates is exactly the same at any frame rate.

Convention: pixel coordinates, origin at the centre of the top left pixel, x to the right, y down;
generators are relative to the origin and act on the picture (not on a camera).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Size = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Transform:
    """One geometric move.

    Attributes:
        unit: the unit of its rate, for error messages and plots.
        example: a rate as written in a schedule.
        percent: whether the rate is a share of the picture, written with a percent sign.
        multiplicative: whether rates compose by multiplication (neutral 1), else by addition (neutral 0).
        generator: maps (additive amount, (width, height)) to the 3x3 generator; the amount of a
            multiplicative transform is the logarithm of its factor.
    """

    unit: str
    example: str
    percent: bool = False
    multiplicative: bool = False
    generator: Callable[[float, Size], Matrix]

    @property
    def neutral(self) -> float:
        """The amount that has no effect: 1 if multiplicative, else 0."""
        return 1.0 if self.multiplicative else 0.0
