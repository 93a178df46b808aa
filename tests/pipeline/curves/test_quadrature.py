"""Adaptive integrals: smooth ones to 1e-9, jumps to microseconds, for any edges, in bounded time."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from pipeline.curves.array import Array
from pipeline.curves.quadrature import integrals

EDGES = {"frames of 8": np.arange(81) / 8, "frames of 60": np.arange(601) / 60, "odd": np.linspace(0, 10, 234)}


def total(function: Callable[[Array], Array], edges: Array) -> float:
    return float(integrals(function, edges).sum())


@pytest.mark.parametrize("edges", EDGES.values(), ids=EDGES)
@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda t: np.sin(t * 20), (1 - math.cos(200)) / 20),
        (lambda t: np.exp(t / 3), 3 * (math.exp(10 / 3) - 1)),
        (lambda t: t**9, 1e9),
    ],
    ids=["sine", "exponential", "polynomial"],
)
def test_smooth_functions(function: Callable[[Array], Array], expected: float, edges: Array) -> None:
    assert total(function, edges) == pytest.approx(expected, rel=1e-9, abs=1e-8)


@pytest.mark.parametrize("edges", EDGES.values(), ids=EDGES)
def test_a_jump_is_placed_to_microseconds(edges: Array) -> None:
    assert total(lambda t: np.where(t < math.pi, 100.0, 0.0), edges) == pytest.approx(100 * math.pi, abs=5e-3)
    narrow = total(
        lambda t: np.where((t > math.e) & (t < math.e + 0.04), 1.0, 0.0), np.union1d(edges, np.arange(0, 10, 1 / 30))
    )
    assert narrow == pytest.approx(0.04, abs=1e-4)


def test_integrating_jumps_everywhere_ends() -> None:
    calls = 0

    def rough(t: Array) -> Array:
        nonlocal calls
        calls += t.size
        return np.mod(t * 1e5, 1.0)

    edges = np.arange(36_001) / 60
    assert 0 < total(rough, edges) < 600
    assert calls < 20_000_000


def test_nan_stays_nan() -> None:
    with np.errstate(invalid="ignore"):
        assert np.isnan(integrals(lambda t: np.sqrt(5 - t), np.array([0.0, 4.0, 6.0]))).tolist() == [False, True]
