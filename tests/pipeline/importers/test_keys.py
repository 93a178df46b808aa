"""Conversion of numbers, moves and expressions, each compared with its definition."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve, Keyframe
from pipeline.importers.values.arithmetic import UnreadableError, arithmetic
from pipeline.importers.values.dialects import NUMEXPR, PYTHON
from pipeline.importers.values.keys import Keys, value_keys
from pipeline.importers.values.similarity import moves
from render.errors import InputError

PIECES = st.lists(
    st.tuples(st.integers(1, 12), st.floats(-3, 3), st.one_of(st.just(0.0), st.floats(-1, 1))), min_size=1, max_size=6
)


def lines(pieces: list[tuple[int, float, float]]) -> Array:
    """Concatenated lines, each given by its number of frames, first value and slope."""
    return np.concatenate([start + slope * np.arange(count) for count, start, slope in pieces])


def curve(keys: Keys) -> Curve:
    return Curve(keys=tuple(Keyframe(time=float(key.frame), value=float(key.value)) for key in keys))


@given(PIECES)
def test_sampled_keys_give_back_every_value(pieces: list[tuple[int, float, float]]) -> None:
    values = lines(pieces)
    frames = np.arange(len(values), dtype=np.float64)
    np.testing.assert_allclose(curve(value_keys(values)).sample(frames), values, rtol=0, atol=1e-7)


def test_sampled_keys_are_only_where_the_line_bends() -> None:
    keys = value_keys(np.array([1.0, 1, 1, 1, 2, 3, 4, 4, 4]))
    assert [(key.frame, key.value) for key in keys] == [(3, "1"), (6, "4")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(PIECES)
def test_the_moves_of_any_table_of_frames_are_exact(
    plan: Callable[..., Any], pieces: list[tuple[int, float, float]]
) -> None:
    values = lines(pieces)
    rows = [
        {"frame": frame, "angle": value, "zoom": math.exp(value / 8), "deforum_prompt": "a"}
        for frame, value in enumerate(values)
    ]
    found = plan("table.json", json.dumps({"rendered_frames": rows}))
    np.testing.assert_allclose(found.amounts("rotate")[1:], values[1:], rtol=0, atol=1e-6)
    np.testing.assert_allclose(np.log(found.amounts("zoom", 1.0)[1:]) * 8, values[1:], rtol=0, atol=1e-6)


@given(st.floats(0.2, 5), st.floats(-500, 500), *[st.floats(-50, 50)] * 4)
def test_simultaneous_moves_equal_successive_ones(
    zoom: float, angle: float, x: float, y: float, u: float, v: float
) -> None:
    found = moves(np.array([zoom]), np.array([angle]), np.array([x + 1j * y]), np.array([u + 1j * v]))
    turn = math.radians(found.rotate[0])
    growth = math.log(found.zoom[0])
    generator = [[growth, turn, found.right[0]], [-turn, growth, found.down[0]], [0, 0, 0]]
    cos, sin = zoom * math.cos(math.radians(angle)), zoom * math.sin(math.radians(angle))
    expected = np.array([[cos, sin, cos * x + sin * y + u], [-sin, cos, cos * y - sin * x + v], [0, 0, 1]])
    np.testing.assert_allclose(expm(np.array(generator)), expected, rtol=0, atol=1e-6)


def test_tiny_moves_are_exact() -> None:
    for zoom in (1.0, 1 + 1e-12, 1 + 1e-9):
        found = moves(np.array([zoom]), np.zeros(1), np.array([3 + 4j]), np.zeros(1, dtype=complex))
        np.testing.assert_allclose([found.right[0], found.down[0]], [3, 4], rtol=1e-8)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("-t % 4", 1.0),
        ("where(t > 2, 1, 2) + (t < 4)", 2.0),
        ("(t > 2) & ~(t > 5)", 1.0),
        ("2 ** -1 ** 2", 0.5),
        ("arctan2(1, 1) * 4", math.pi),
        ("1 / 0", math.inf),
        ("-t ** 2", -9.0),
    ],
)
def test_numexprs_arithmetic(source: str, value: float) -> None:
    assert float(arithmetic(source, NUMEXPR).values({"t": 3.0})) == pytest.approx(value)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("-t % 4", 1.0),
        ("7 // 2 if t > 2 and not t > 5 else 0", 3.0),
        ("np.sin(pi / 2) + radians(180) + pow(t, 2) + max(1, t)", 1 + math.pi + 9 + 3),
    ],
)
def test_pythons_arithmetic(source: str, value: float) -> None:
    assert float(arithmetic(source, PYTHON).values({"t": 3.0})) == pytest.approx(value)


@pytest.mark.parametrize(
    "source",
    [
        *(
            "open('x')",
            "t.__class__",
            "[t]",
            "lambda: t",
            "t if",
            "'a'",
            "True",
            "1j",
            "sin",
            "sin(1, 2)",
            "os.system(t)",
        ),
        *(
            "os.system(t)",
            "t := 3",
            "f'{t}'",
            "(t for t in t)",
            "1 < t < 2",
            "t << 3",
            "sin(x=1)",
            "",
            "unknown",
            "np.os(t)",
        ),
    ],
)
def test_anything_else_is_refused(source: str) -> None:
    with pytest.raises(UnreadableError):
        arithmetic(source, NUMEXPR).values({"t": np.array([3.0])})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.text(alphabet="0123456789:(),.+-*/%&<>=tsmax_f 'sincwher\"\n", max_size=60))
def test_any_schedule_is_converted_or_refused_with_a_message(plan: Callable[..., Any], schedule: str) -> None:
    text = json.dumps({"max_frames": 12, "prompts": {"0": "a"}, "angle": f"0: (0), {schedule}"})
    outcome = _outcome(lambda: str(len(plan("any.json", text).specs)))
    assert outcome == "12" or "any.json: Deforum: " in outcome


def _outcome(read: Callable[[], str]) -> str:
    try:
        return read()
    except InputError as error:
        return str(error)
