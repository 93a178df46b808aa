"""Curves: known values, what `smooth` promises, and integrals against adaptive quadrature."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve, Keyframe
from pipeline.curves.easings import EASINGS
from pipeline.schedule.loader import read_schedule


def curve(*keys: tuple[float, float], ease: str = "linear") -> Curve:
    return Curve(keys=tuple(Keyframe(time=time, value=float(value), easing=ease) for time, value in keys))


def value(of: Curve, time: float) -> float:
    return float(of.sample([time])[0])


def heights(unique: bool = False) -> st.SearchStrategy[list[float]]:
    number = st.integers(-(10**6), 10**6).map(lambda thousandths: thousandths / 1000)
    return st.lists(number, min_size=2, max_size=8, unique=unique)


# Keys between 0.05 and 4 s apart, as many as there are values.
GAPS = st.lists(st.floats(0.05, 4), min_size=8, max_size=8)


def spaced(values: list[float], gaps: list[float], ease: str) -> Curve:
    times = np.cumsum(gaps)[: len(values)]
    return curve(*zip(times.tolist(), values, strict=True), ease=ease)


def between(of: Curve) -> Array:
    """40 times in every segment, keys included."""
    return np.concatenate([np.linspace(a.time, b.time, 40) for a, b in pairwise(of.keys)])


@pytest.mark.parametrize("time", [-3.0, 0.0, 2.5, 1e6])
def test_a_constant_is_constant(time: float) -> None:
    assert value(Curve.constant(0.1), time) == 0.1


@pytest.mark.parametrize(
    ("ease", "time", "expected"),
    [
        *(("linear", 1.0, 10), ("linear", 1.5, 12.5), ("linear", 3.0, 20), ("linear", 4, 0), ("linear", 5, -20)),
        *(("hold", 1.999, 10), ("hold", 3.0, 20), ("hold", 4.999, 20), ("hold", 5, -20)),
        *(("in_quad", 2, 12.5), ("out_quad", 4, -10), ("in_out_sine", 4, 0)),
    ],
)
def test_known_values_between_keys(ease: str, time: float, expected: float) -> None:
    keys = curve((1, 10), (3, 20), (5, -20), ease=ease)
    assert value(keys, time) == pytest.approx(expected)


@pytest.mark.parametrize("ease", [*EASINGS, "bezier(0.3, -1, 0.6, 2)"])
def test_keys_are_met_and_outside_is_constant(ease: str) -> None:
    keys = curve((1, 10), (3, 20), (5, -20), ease=ease)
    assert keys.sample([-9, 0.99, 1, 3, 5, 5.01, 99]) == pytest.approx([10, 10, 10, 20, -20, -20, -20])


def test_the_easing_belongs_to_the_segment_that_arrives_at_its_key() -> None:
    keys = (
        Keyframe(time=0.0, value=0.0, easing="in_expo"),
        Keyframe(time=2.0, value=1.0, easing="hold"),
        Keyframe(time=4.0, value=0.0),
    )
    assert Curve(keys=keys).sample([0.5, 1.9, 3.0]) == pytest.approx([0, 0, 0.5])


def test_integer_values_are_interpolated_as_floats() -> None:
    keys = Curve(keys=(Keyframe(time=0, value=0), Keyframe(time=4, value=1)))
    assert keys.sample([1, 2, 3]) == pytest.approx([0.25, 0.5, 0.75])


def test_the_shape_of_the_times_is_kept() -> None:
    times = np.linspace(-1, 6, 12).reshape(3, 4)
    for ease in ("linear", "smooth"):
        keys = curve((1, 10), (3, 20), (5, -20), ease=ease)
        assert np.array_equal(keys.sample(times).ravel(), keys.sample(times.ravel()))
        assert keys.sample(times).shape == (3, 4)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.8])
def test_smooth_between_two_keys_is_smoothstep(share: float) -> None:
    keys = curve((1, 10), (3, 20), ease="smooth")
    assert value(keys, 1 + 2 * share) == pytest.approx(10 + 10 * (3 * share**2 - 2 * share**3))


def test_smooth_passes_through_an_inner_key_with_the_weighted_harmonic_slope() -> None:
    """Fritsch and Butland's slope for equal steps: 2 / (1/1 + 1/3) = 1.5; a cubic Hermite from it."""
    keys = curve((0, 0), (1, 1), (2, 4), ease="smooth")
    step = 1e-6
    assert (value(keys, 1 + step) - value(keys, 1 - step)) / (2 * step) == pytest.approx(1.5, abs=1e-4)
    assert value(keys, 0.5) == pytest.approx(0.5 - 1.5 / 8)


@given(heights(), GAPS)
@settings(deadline=None)
def test_smooth_never_leaves_the_range_of_its_neighbours(values: list[float], gaps: list[float]) -> None:
    keys = spaced(values, gaps, "smooth")
    sampled = keys.sample(between(keys)).reshape(-1, 40)
    for (before, after), inside in zip(pairwise(values), sampled, strict=True):
        slack = 1e-12 * max(map(abs, values))
        assert inside.min() >= min(before, after) - slack
        assert inside.max() <= max(before, after) + slack


@given(heights(unique=True), GAPS, st.booleans())
@settings(deadline=None)
def test_smooth_is_monotone_on_monotone_keys(values: list[float], gaps: list[float], down: bool) -> None:
    keys = spaced(sorted(values, reverse=down), gaps, "smooth")
    steps = np.diff(keys.sample(between(keys))) * (-1 if down else 1)
    assert steps.min() >= -1e-12 * max(map(abs, values))


@given(heights(), GAPS)
@settings(deadline=None)
def test_smooth_has_continuous_slopes(values: list[float], gaps: list[float]) -> None:
    """The slopes left and right of every key agree, also at the ends, where the curve is constant outside."""
    keys = spaced(values, gaps, "smooth")
    at = np.array([key.time for key in keys.keys])
    # Slopes of a cubic are bounded by 3 times the chord, its curvature by 12 chords a gap.
    chord = max(abs(b.value - a.value) / (b.time - a.time) for a, b in pairwise(keys.keys))
    step = 1e-5
    left = (keys.sample(at) - keys.sample(at - step)) / step
    right = (keys.sample(at + step) - keys.sample(at)) / step
    assert np.abs(left - right).max() <= 24 * chord * step / 0.05 + 1e-9 * max(map(abs, values)) / step


def scene_weights(ease: str, times: list[float]) -> Array:
    scenes = "\n".join(f"  {time}s: {{text: scene {number}, ease: {ease}}}" for number, time in enumerate(times))
    schedule = read_schedule(f"prompts:\n{scenes}\n", "a.yaml", "a")
    grid = np.linspace(-1, 13, 421)
    return np.array([prompt.weight.sample(grid) for prompt in schedule.prompts])


@pytest.mark.parametrize("ease", ["linear", "in_out_sine", "smooth", "hold", "in_cubic", "bezier(0.4, 0, 0.2, 1)"])
@pytest.mark.parametrize("times", [[0], [2.5], [0, 5], [0, 1, 5, 7, 10], [0.3, 0.4, 11.9]])
def test_crossfading_scenes_sum_to_1(ease: str, times: list[float]) -> None:
    ease = f'"{ease}"'
    weights = scene_weights(ease, times)
    assert weights.sum(axis=0) == pytest.approx(np.ones(weights.shape[1]), abs=1e-12)
    assert weights.min() >= 0
    assert (weights > 0).sum(axis=0).max() <= 2


def integral(of: Callable[[float], float], end: float, corners: list[float]) -> float:
    total: Any = quad(of, 0, end, points=corners, limit=400, epsabs=1e-12, epsrel=1e-12)
    return float(total[0])


ANALYTIC = ["linear", "smooth", "hold", "in_out_sine", "out_quint", "in_expo", "out_back", "in_back", "out_cubic"]
HALVES = ["in_out_quad", "in_out_cubic", "in_out_back", "in_out_quint"]  # a higher derivative jumps in the middle


@pytest.mark.parametrize(("ease", "error"), [*((name, 1e-9) for name in ANALYTIC), *((name, 5e-6) for name in HALVES)])
@pytest.mark.parametrize("logarithmic", [False, True], ids=["sum", "logarithm"])
@pytest.mark.parametrize("fps", [8, 30])
def test_accumulate_is_the_integral(ease: str, error: float, logarithmic: bool, fps: int) -> None:
    keys = curve((0.5, 1.2), (1.25, 1.8), (2.8, 0.9), ease=ease)
    times = np.arange(3 * fps + 1) / fps
    shape = math.log if logarithmic else float
    expected = integral(lambda time: shape(value(keys, time)), 3.0, [0.5, 0.875, 1.25, 2.025, 2.8])
    accumulated = keys.accumulate(times, logarithmic=logarithmic)
    assert accumulated[0] == 0
    assert accumulated[-1] == pytest.approx(expected, abs=error)


@pytest.mark.parametrize("ease", EASINGS)
def test_another_frame_rate_accumulates_the_same(ease: str) -> None:
    keys = curve((0.5, 1.2), (1.25, 1.8), (2.8, 0.9), ease=ease)
    totals = [keys.accumulate(np.arange(3 * fps + 1) / fps)[-1] for fps in (8, 15, 30)]
    assert totals == pytest.approx([totals[0]] * 3, abs=3e-5)


@pytest.mark.parametrize("ease", ["in_bounce", "out_bounce", "in_out_bounce"])
def test_every_bounce_is_integrated_exactly(ease: str) -> None:
    """Parabolas between their corners are integrated to the last bit: one step gives what a thousand give."""
    keys = curve((0.5, 1.2), (1.25, 1.8), (2.8, 0.9), ease=ease)
    totals = [keys.accumulate(np.linspace(0, 3, steps + 1))[-1] for steps in (1, 7, 1000)]
    assert totals == pytest.approx([totals[0]] * 3, abs=1e-13)


def test_accumulate_integrates_a_straight_line_and_a_jump() -> None:
    times = np.array([0.0, 1.0, 2.0, 4.0])
    assert curve((0, 0), (4, 8)).accumulate(times) == pytest.approx([0, 1, 4, 16])
    assert curve((0, 3), (1.5, 5), ease="hold").accumulate(times) == pytest.approx([0, 3, 7, 17], abs=1e-14)
    assert Curve.constant(1.5).accumulate(times, logarithmic=True) == pytest.approx(math.log(1.5) * times)


@given(st.lists(st.floats(0.001, 2.999), max_size=40, unique=True), st.sampled_from(["linear", "smooth", "hold"]))
@settings(deadline=None)
def test_accumulate_does_not_depend_on_the_spacing(inner: list[float], ease: str) -> None:
    """Cubic pieces are integrated exactly, so any grid between 0 and 3 gives the same sum."""
    keys = curve((0.5, -3), (1.25, 4), (1.5, 4.5), (2.8, 1), ease=ease)
    total = keys.accumulate(np.array([0.0, *sorted(inner), 3.0]))[-1]
    assert total == pytest.approx(keys.accumulate(np.array([0.0, 3.0]))[-1], abs=1e-11)


def test_accumulate_starts_at_its_first_time() -> None:
    keys = curve((0, 0), (4, 8))
    assert keys.accumulate(np.array([1.0, 2.0])) == pytest.approx([0, 3])


def test_a_map_of_equal_values_counts_as_constant() -> None:
    assert curve((0, 2), (3, 2), ease="in_out_back").is_constant
    assert not curve((0, 2), (3, 2.1)).is_constant
