"""Integrate changing velocities of matrix groups, such as that of a camera."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve

STEP = 1 / 120  # seconds
_GAUSS = np.array([-1.0, 1.0]) / np.sqrt(12)  # in steps, from the middle of one
_TERMS, _SMALL = 12, 0.25  # of the exponential series, which is exact for norms as small as this


def solutions(rates: Sequence[Curve], matrix: Callable[[Array], Array], times: Array) -> Array:
    """Solve Y' = A(t) Y from each time to the next, starting from 1.

    Where no rate changes, the result is exact; otherwise its error falls with the fourth power of `STEP`.

    Args:
        rates: r curves.
        matrix: the linear map from rates (..., r) to A (..., k, k).
        times: ascending, in seconds: (n,).

    Returns:
        (n - 1, k, k); not finite where the rates are not.

    Source: Iserles and Norsett, "On the solution of linear differential equations in Lie groups" (1999): the Magnus
        series of order four. What differs: its first term is the exact integral.
    """
    if all(rate.is_constant for rate in rates):
        values = np.array([rate.keys[0].value for rate in rates])
        return exponentials(matrix(values) * np.diff(times)[:, None, None])
    edges = np.union1d(times, np.arange(times[0], times[-1], STEP))
    total = np.stack([np.diff(rate.accumulate(edges)) for rate in rates], axis=-1)
    long = np.diff(edges)
    middle = (edges[:-1] + edges[1:]) / 2
    first, second = (
        matrix(np.stack([rate.sample(middle + place * long) for rate in rates], axis=-1)) for place in _GAUSS
    )
    twist = np.sqrt(3) / 12 * long[:, None, None] ** 2 * (second @ first - first @ second)
    return products(exponentials(matrix(total) + twist), np.searchsorted(edges, times))


def products(steps: Array, edges: NDArray[np.intp]) -> Array:
    """Multiply matrices (n, k, k), later ones from the left, between each two of `edges`: (len(edges) - 1, k, k)."""
    found = np.empty((len(edges) - 1, *steps.shape[1:]))
    with np.errstate(all="ignore"):
        for number, (begin, end) in enumerate(itertools.pairwise(edges)):
            total = np.eye(steps.shape[-1])
            for index in range(begin, end):
                total = steps[index] @ total
            found[number] = total
    return found


def exponentials(matrices: Array) -> Array:
    """The exponentials of matrices (n, k, k), by Taylor series and squaring."""
    size = float(np.abs(matrices).sum(axis=-1).max(initial=0.0))
    if not np.isfinite(size):
        return np.full_like(matrices, np.nan)
    halvings = max(0, int(np.ceil(np.log2(size / _SMALL)))) if size > _SMALL else 0
    small = matrices / 2.0**halvings
    term = total = np.broadcast_to(np.eye(matrices.shape[-1]), matrices.shape)
    with np.errstate(all="ignore"):
        for power in range(1, _TERMS + 1):
            term = term @ small / power
            total = total + term
        for _ in range(halvings):
            total = total @ total
    return np.array(total)
