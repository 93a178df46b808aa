"""The expression language: values against Python's own, every mistake with its column, bounds, random numbers."""

import contextlib
import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.curves.array import Array
from pipeline.curves.beat_grid import Beat
from pipeline.curves.expressions import Expression, Formula, Scope
from pipeline.curves.functions import FUNCTIONS
from pipeline.curves.grammar import MAX_DEPTH
from pipeline.curves.tokens import MAX_LENGTH, ExpressionError

SCOPE = Scope(fps=10, duration=20, seed=7, beat=Beat(bpm=90, beats_per_bar=3, offset=0.5))

RAND = [0.6394224215701996, 0.09035925053698013, 0.6249920400182767]
NOISE = [0.27884484314039915, -0.2702183278928203, -0.8192814989260397]


def at(source: str, times: Any = 2.0, scope: Scope = SCOPE) -> Array:
    return Formula(expression=scope.compile(source), scope=scope).at(np.asarray(times, dtype=float))


def wrong(source: str, scope: Scope = SCOPE) -> tuple[int, str]:
    with pytest.raises(ExpressionError) as caught:
        scope.compile(source)
    return caught.value.column, caught.value.message


@pytest.mark.parametrize(
    "source",
    [
        *("1+2*3", "-2**2", "2**-1", "2**3**2", "10-4-3", "24/4/2", "(1+2)*3", "1.5e-3", ".5", "2.", "- - 3", "+4"),
        *("1 if t < 3 else 2", "1 if t > 3 else 2 if t > 1 else 3", "not t", "not 1 < 2", "1 < 2 < 3", "3 > 2 > 2"),
        *("1 < 2 and 3 < 2", "0 or 5 > 4", "not 0 and 1 < 2", "1 == 1.0", "2 != 2", "1 <= 1", "0 >= 1", "t*t - 2/t"),
    ],
)
def test_arithmetic_is_pythons(source: str) -> None:
    assert at(source) == pytest.approx(float(eval(source, {"t": 2.0})))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        *(
            ("t", 2),
            ("frame", 20),
            ("progress", 0.1),
            ("fps", 10),
            ("duration", 20),
            ("beat", 2.25),
            ("bar", 0.75),
            ("tempo", 90),
        ),
        *(("pi", math.pi), ("tau", math.tau), ("e", math.e), ("abs(-3)", 3), ("sqrt(9)", 3), ("exp(1)", math.e)),
        *(("log(e)", 1), ("floor(-1.5)", -2), ("ceil(1.2)", 2), ("round(1.6)", 2), ("sin(pi/2)", 1), ("cos(pi)", -1)),
        *(("tan(pi/4)", 1), ("min(3, 1, 2)", 1), ("max(3, 1, 2)", 3), ("mod(-1, 3)", 2), ("clamp(7, 1, 5)", 5)),
        *(("clamp(-7, 1, 5)", 1), ("lerp(10, 20, 0.25)", 12.5), ("where(t > 1, 3, 4)", 3), ("where(0, 3, 4)", 4)),
        *(("smoothstep(1, 3, 2)", 0.5), ("smoothstep(1, 3, 1.5)", 0.15625), ("smoothstep(1, 3, 9)", 1)),
        *(("tri(0)", 0), ("tri(0.25)", 1), ("tri(0.75)", -1), ("tri(1.125)", 0.5), ("saw(0)", -1), ("saw(0.75)", 0.5)),
        *(
            ("square(0.2)", 1),
            ("square(0.7)", -1),
            ("square(-0.2)", -1),
            ("pulse(1.5, 0.6)", 1),
            ("pulse(1, 0.2, 5.3)", 0),
        ),
        *(
            ("every(4 beats)", 0.5625),
            ("every(2 bars)", 0.375),
            ("every(1.5s)", 4 / 3),
            ("every(500ms, 1 beat)", 8 / 3),
        ),
        *(("every(1 beat, 0.5 s)", 1.5), ("saw(every(2 beats))", -0.75)),
        *(("pulse(2, 0.3, beat)", 1), ("sqrt(t-3) if t > 3 else 5", 5)),
    ],
)
def test_every_name_and_function(source: str, value: float) -> None:
    assert at(source) == pytest.approx(value)


def test_every_function_is_tested_above() -> None:
    (marks,) = (mark for mark in test_every_name_and_function.pytestmark)  # type: ignore[attr-defined]
    tried = " ".join(source for source, _ in marks.args[1])
    assert {name for name in FUNCTIONS if f"{name}(" not in tried} == {"noise", "rand", "pulse_on"}


WRONG = [
    ("", 0, "the expression ends too early"),
    ("1 +", 3, "the expression ends too early"),
    ("(1", 2, "the expression ends too early; expected ')'"),
    ("sin(1", 5, "the expression ends too early; expected ',' or ')'"),
    ("1 2", 2, "unexpected '2'"),
    ("1)", 1, "unexpected ')'"),
    ("1 if 2", 6, "the expression ends too early; expected 'else'"),
    ("min(1,)", 6, "unexpected ')'"),
    ("t.real", 1, "unexpected '.'"),
    ("t[0]", 1, "unexpected '['"),
    ("'a'", 0, "unexpected '''"),
    ("lambda: 1", 0, "unknown name 'lambda'; define it in let:, or in music.signals if it follows the music"),
    ("5 % 2", 2, "unexpected '%'; mod(a, b) is the remainder, and a unit is allowed only after a plain number"),
    ("2^3", 1, "unexpected '^'; ** is the power"),
    ("t = 3", 2, "unexpected '='; == compares"),
    ("t && 3", 2, "unexpected '&'; write 'and'"),
    ("t ? 3", 2, "unexpected '?'; write 'a if condition else b'"),
    ("3*durtion", 2, "unknown name 'durtion'; did you mean 'duration'?"),
    ("sine(3)", 0, "unknown function 'sine'; did you mean 'sin'?"),
    ("t(3)", 0, "unknown function 't'; it is a number, not a function"),
    ("2*noise", 2, "noise is a function: noise(x)"),
    ("clamp(t, 1)", 0, "expected clamp(x, low, high), got 2"),
    ("max(1)", 0, "expected max(a, b, ...), got 1"),
    ("every(4)", 6, "expected a time such as 4 beats, 2 bars or 1.5s, got '4'"),
    ("every(t)", 6, "expected a time such as 4 beats, 2 bars or 1.5s, got 't'"),
    ("every(4 beets)", 8, "unknown unit 'beets'; did you mean 'beats'?"),
    ("every(0 beats)", 6, "expected a time such as 4 beats, 2 bars or 1.5s, above 0 and up to 3600, got '0 beats'"),
    ("every(1s, 1s, 1s)", 0, "expected every(span, delay), got 3"),
    ("pulse_on(t)", 9, "expected beat, bar or every(4 beats), got 't'"),
    ("pulse_on(2*beat)", 9, "expected beat, bar or every(4 beats), got '2'"),
    ("pulse_on(beat, 0.1)", 15, "expected a time such as 4 beats, 2 bars or 1.5s, got '0.1'"),
    ("1 + pulse_on(every(1ms))", 13, "occurs more than 32 times per frame"),
    ("every(4 beats) + 4 beats", 19, "unexpected 'beats'"),
    (
        "3 + prev",
        4,
        "unknown name 'prev'; it is the value at the previous key of a map of times, and there is no previous key here",
    ),
    (
        "1.05/s * 2",
        5,
        "unknown name 's'; a unit is allowed only after a plain number; an expression is in the field's own unit, "
        "per second",
    ),
]


@pytest.mark.parametrize(("source", "column", "message"), WRONG)
def test_a_mistake_is_reported_with_its_column(source: str, column: int, message: str) -> None:
    assert wrong(source) == (column, message)


def test_beats_need_music() -> None:
    silent = Scope(fps=10, duration=20)
    assert wrong("2*beat", silent) == (2, "unknown name 'beat'; it needs music: {bpm: 120}")
    assert wrong("every(4 beats)", silent) == (6, "unknown name 'beat'; it needs music: {bpm: 120}")
    assert at("every(4s)", 2.0, silent) == 0.5


def test_an_expression_is_bounded() -> None:
    assert wrong("x" * (MAX_LENGTH + 1)) == (
        0,
        "more than 1000 characters in one expression; name parts of it with let:",
    )
    assert wrong("+".join(["1"] * 300))[1] == "too long; name parts of it with let:"
    for deep in ("(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH, "-" * 900 + "1", "not " * 200 + "1", "2**" * 190 + "1"):
        assert wrong(deep)[1] in (
            "nested too deeply; name parts of it with let:",
            "too long; name parts of it with let:",
        )
    assert at("9**9**9**9") == math.inf  # at once


def test_a_long_sum_is_computed() -> None:
    assert at("+".join(["1"] * 199)) == 199


@given(st.text(alphabet="t1.0+-*/()<>=,%^&'\"ifelsandortminx _\n", max_size=60))
@settings(deadline=None, max_examples=300)
def test_no_text_gives_an_unexpected_error(source: str) -> None:
    with contextlib.suppress(ExpressionError):
        assert at(source, [0.0, 1.0]).shape == (2,)
        return
    column, _ = wrong(source)
    assert 0 <= column <= len(source)


def test_constant_expressions_are_recognised() -> None:
    scope = Scope(fps=10, duration=20, variables={"a": SCOPE.compile("2*pi"), "b": SCOPE.compile("sin(t)")})
    for source, constant in [("2*a", True), ("fps + rand(3)", True), ("a*b", False), ("pulse(1, 0.5)", False)]:
        assert Formula(expression=scope.compile(source), scope=scope).is_constant is constant


def test_variables_may_use_variables() -> None:
    variables: dict[str, Expression] = {"a": SCOPE.compile("2*t")}
    scope = Scope(fps=10, duration=20, variables=variables)
    variables["b"] = scope.compile("a + 1")
    assert at("b*10 + a", [1.0, 2.0], scope) == pytest.approx([32, 54])


def test_random_numbers_are_the_same_everywhere() -> None:
    """Golden numbers: computed with integers only, so they are the same on every machine."""
    assert at("rand(frame)", [0.0, 0.1, 0.2]).tolist() == RAND
    assert at("noise(t)", [0.0, 0.5, 1.0]).tolist() == NOISE


def test_random_numbers_are_uniform_and_depend_on_the_seed() -> None:
    times = np.arange(20_000) / 10
    drawn = at("rand(frame)", times)
    assert (drawn.min() >= 0, drawn.max() < 1) == (True, True)
    assert np.histogram(drawn, 10, (0, 1))[0] == pytest.approx([2000] * 10, abs=200)
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 0.03
    for shift in (0, 1):  # a neighbouring seed is no shifted copy
        other = at("rand(frame)", times, Scope(fps=10, duration=20, seed=8))
        assert abs(np.corrcoef(drawn[shift:], other[: len(other) - shift])[0, 1]) < 0.03
    assert at("rand(2.9)") == at("rand(2)")


def test_noise_is_smooth_within_its_range_and_nan_of_nan() -> None:
    times = np.linspace(0, 400, 400_001)
    noise = at("noise(t)", times)
    assert -1 <= noise.min() < -0.9 < 0.9 < noise.max() <= 1
    slope = np.diff(noise) / 0.001
    assert np.abs(np.diff(slope)).max() / 0.001 < 12.01  # 10/sqrt(3) times a height of 2, and no jump in the slope
    assert math.isnan(at("noise(0/0)"))


def test_a_formula_over_36000_frames_takes_its_shape() -> None:
    times = np.arange(36_000).reshape(6, -1) / 60
    assert at("3*sin(tau*t/8) + noise(t)", times).shape == (6, 6000)
    assert at("3", times).shape == (6, 6000)


def random_source(draw: random.Random, depth: int) -> str:
    if depth == 0:
        return draw.choice(["t", "frame", "progress", str(draw.randint(0, 9)), f"{draw.random():.2f}"])
    a, b, c = (random_source(draw, depth - 1) for _ in range(3))
    return draw.choice([f"({a} + {b})", f"({a} - {b})", f"{a} * {b}", f"-{a}", f"({a} if {b} < {c} else {c})"])


@pytest.mark.parametrize("seed", range(60))
def test_random_expressions_are_pythons(seed: int) -> None:
    source = random_source(random.Random(seed), 3)
    values = {"t": 1.3, "frame": 13.0, "progress": 1.3 / 20}
    assert at(source, 1.3) == pytest.approx(eval(source, values), rel=1e-9)
