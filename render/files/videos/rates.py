"""The frame rate that the times of a clip follow."""

from fractions import Fraction

import numpy as np

from render.files.videos.index import Index

_USUAL = tuple(Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)) + tuple(
    Fraction(n) for n in (*range(1, 31), 48, 50, 60, 90, 100, 120, 240)
)


def constant_rate(index: Index) -> Fraction | None:
    """Return the rate of a clip whose frames last equally long; None if it varies.

    Containers round times, Matroska to milliseconds: a usual rate is taken if it explains all times to within a tick.
    """
    count = len(index.ticks)
    unit = index.unit
    if count == 1:
        return 1 / ((index.end - int(index.ticks[0])) * unit)
    span = (int(index.ticks[-1]) - int(index.ticks[0])) * unit
    exact = (count - 1) / span
    rounded = 1.01 if 1 / exact > 4 * unit else 0.01  # ticks
    near = sorted(_USUAL, key=lambda rate: abs(rate - exact))[:2]
    for rate in (*near, exact.limit_denominator(1001), exact):
        expected = np.arange(count) / float(rate * unit)
        if float(np.abs(index.ticks - index.ticks[0] - expected).max()) <= rounded:
            return rate
    return None
