"""Integrate functions that may jump: adaptive, vectorised, and independent of the spacing of the edges."""

from collections.abc import Callable

import numpy as np

from pipeline.curves.array import Array

# Gauss-Lobatto on each piece: exact for polynomials of degree 9, with nodes at the ends, so that no
# jump lies beyond the outermost node. They are slightly inside, since a jump at an edge belongs to neither side.
_INNER, _OUTER = ((1 / 3 + sign * 2 * 7**0.5 / 21) ** 0.5 for sign in (-1, 1))
_NODES = np.array([-1 + 1e-9, -_OUTER, -_INNER, _INNER, _OUTER, 1 - 1e-9])
_WEIGHTS = np.array([2, 14 - 7**0.5, 14 + 7**0.5, 14 + 7**0.5, 14 - 7**0.5, 2]) / 30
CELL = 1 / 30  # seconds: short enough that nothing lasting 5 ms fits between the nodes of a piece
_TOLERANCE = 1e-9  # relative to the mean value in a piece
_DEPTH = 14  # times that a piece is halved: a jump is located to 2 microseconds
_MAX_ROUGH = (
    20_000  # limit of pieces with a jump; beyond it, they are not refined further, so that refinement always ends
)


def integrals(function: Callable[[Array], Array], edges: Array) -> Array:
    """Integrate `function` between each two neighbouring `edges`.

    Pieces whose integral changes when they are halved are halved again. The error is about 1e-9 per
    second where the function is smooth, and a jump adds less than its height times 2 microseconds.
    """
    low, high = edges[:-1], edges[1:]
    owner = np.arange(len(low))
    total = np.zeros(len(low))
    whole = _lobatto(function, low, high)
    for depth in range(_DEPTH):
        middle = (low + high) / 2
        first, second = _lobatto(function, low, middle), _lobatto(function, middle, high)
        halves = first + second
        rough = np.abs(halves - whole) > _TOLERANCE * ((high - low) + np.abs(halves))
        if depth == _DEPTH - 1 or rough.sum() > _MAX_ROUGH:
            rough[:] = False
        total += np.bincount(owner[~rough], halves[~rough], minlength=len(total))
        if not rough.any():
            break
        low, high = np.concatenate([low[rough], middle[rough]]), np.concatenate([middle[rough], high[rough]])
        whole = np.concatenate([first[rough], second[rough]])
        owner = np.tile(owner[rough], 2)
    return total


def _lobatto(function: Callable[[Array], Array], low: Array, high: Array) -> Array:
    half = (high - low)[:, None] / 2
    values = function((high + low)[:, None] / 2 + half * _NODES)
    result: Array = (values * _WEIGHTS * half).sum(axis=1)
    return result
