"""Every easing against the formulas of easings.net, written out here a second time and in scalars."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import brentq

from pipeline.curves.easings import EASINGS, easing

KINDS = ("sine", "quad", "cubic", "quart", "quint", "expo", "circ", "back", "elastic", "bounce")
BUILT = [f"{way}_{kind}" for kind in KINDS for way in ("in", "out", "in_out")]
SHARES = np.linspace(0, 1, 101)

C1, C2, C3, C4, C5 = 1.70158, 1.70158 * 1.525, 2.70158, 2 * math.pi / 3, 2 * math.pi / 4.5


def out_bounce(x: float) -> float:
    n1, d1 = 7.5625, 2.75
    if x < 1 / d1:
        return n1 * x * x
    if x < 2 / d1:
        return n1 * (x - 1.5 / d1) ** 2 + 0.75
    if x < 2.5 / d1:
        return n1 * (x - 2.25 / d1) ** 2 + 0.9375
    return n1 * (x - 2.625 / d1) ** 2 + 0.984375


def polynomial(power: int) -> dict[str, Callable[[float], float]]:
    return {
        "in": lambda x: x**power,
        "out": lambda x: 1 - (1 - x) ** power,
        "in_out": lambda x: 2 ** (power - 1) * x**power if x < 0.5 else 1 - (-2 * x + 2) ** power / 2,
    }


# Valid for 0 < x < 1; the ends are tested on their own.
PUBLISHED: dict[str, dict[str, Callable[[float], float]]] = {
    "sine": {
        "in": lambda x: 1 - math.cos(x * math.pi / 2),
        "out": lambda x: math.sin(x * math.pi / 2),
        "in_out": lambda x: -(math.cos(math.pi * x) - 1) / 2,
    },
    "quad": polynomial(2),
    "cubic": polynomial(3),
    "quart": polynomial(4),
    "quint": polynomial(5),
    "expo": {
        "in": lambda x: 2 ** (10 * x - 10),
        "out": lambda x: 1 - 2 ** (-10 * x),
        "in_out": lambda x: 2 ** (20 * x - 10) / 2 if x < 0.5 else (2 - 2 ** (-20 * x + 10)) / 2,
    },
    "circ": {
        "in": lambda x: 1 - math.sqrt(1 - x**2),
        "out": lambda x: math.sqrt(1 - (x - 1) ** 2),
        "in_out": lambda x: (
            (1 - math.sqrt(1 - (2 * x) ** 2)) / 2 if x < 0.5 else (math.sqrt(1 - (-2 * x + 2) ** 2) + 1) / 2
        ),
    },
    "back": {
        "in": lambda x: C3 * x**3 - C1 * x**2,
        "out": lambda x: 1 + C3 * (x - 1) ** 3 + C1 * (x - 1) ** 2,
        "in_out": lambda x: (
            ((2 * x) ** 2 * ((C2 + 1) * 2 * x - C2)) / 2
            if x < 0.5
            else ((2 * x - 2) ** 2 * ((C2 + 1) * (x * 2 - 2) + C2) + 2) / 2
        ),
    },
    "elastic": {
        "in": lambda x: -(2 ** (10 * x - 10)) * math.sin((x * 10 - 10.75) * C4),
        "out": lambda x: 2 ** (-10 * x) * math.sin((x * 10 - 0.75) * C4) + 1,
        "in_out": lambda x: (
            -(2 ** (20 * x - 10) * math.sin((20 * x - 11.125) * C5)) / 2
            if x < 0.5
            else 2 ** (-20 * x + 10) * math.sin((20 * x - 11.125) * C5) / 2 + 1
        ),
    },
    "bounce": {
        "in": lambda x: 1 - out_bounce(1 - x),
        "out": out_bounce,
        "in_out": lambda x: (1 - out_bounce(1 - 2 * x)) / 2 if x < 0.5 else (1 + out_bounce(2 * x - 1)) / 2,
    },
}


def at(name: str, share: float) -> float:
    return float(easing(name)(np.array([share]))[0])


def test_the_catalogue_is_easings_net_and_three_of_our_own() -> None:
    assert set(EASINGS) == {*BUILT, "linear", "hold", "smooth"}


@pytest.mark.parametrize("name", [*EASINGS, "bezier(0.3, -2, 0.6, 3)", "bezier(0, 0, 0, 0)", "bezier(1,1,1,1)"])
def test_starts_at_0_and_ends_at_1(name: str) -> None:
    assert easing(name)(np.array([0.0, 1.0])) == pytest.approx([0, 1], abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["in", "out", "in_out"])
def test_agrees_with_the_published_formula(kind: str, way: str) -> None:
    shares = [0.01, 0.1, 0.2, 0.3, 0.37, 0.45, 0.5, 0.6, 0.72, 0.8, 0.9, 0.95, 0.99]
    expected = [PUBLISHED[kind][way](share) for share in shares]
    assert easing(f"{way}_{kind}")(np.array(shares)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "share", "value"),
    [
        ("linear", 0.3, 0.3),
        ("hold", 0.999999, 0.0),
        ("smooth", 0.25, 0.15625),  # 3x² - 2x³
        ("in_quad", 0.5, 0.25),
        ("out_cubic", 0.5, 0.875),
        ("in_out_quad", 0.25, 0.125),
        ("in_sine", 0.5, 1 - math.sqrt(0.5)),
        ("in_expo", 0.5, 2**-5),
        ("in_circ", 0.6, 0.2),
        ("in_back", 0.5, -0.0876975),
        ("out_bounce", 1 / 2.75, 1.0),
    ],
)
def test_known_values(name: str, share: float, value: float) -> None:
    assert at(name, share) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_out_is_in_reversed(kind: str) -> None:
    turned = 1 - easing(f"in_{kind}")(1 - SHARES)
    assert easing(f"out_{kind}")(SHARES) == pytest.approx(turned, abs=1e-12)


@pytest.mark.parametrize("name", [f"in_out_{kind}" for kind in KINDS] + ["linear", "smooth"])
def test_in_out_is_symmetric_about_its_middle(name: str) -> None:
    ease = easing(name)
    assert at(name, 0.5) == pytest.approx(0.5, abs=1e-12)
    assert ease(SHARES) + ease(1 - SHARES) == pytest.approx(np.ones_like(SHARES), abs=1e-12)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "bounce"])
def test_in_starts_slowly_and_out_ends_slowly(kind: str) -> None:
    assert abs(at(f"in_{kind}", 0.05)) < 0.05 < 1 - at(f"in_{kind}", 0.95)
    assert abs(1 - at(f"out_{kind}", 0.95)) < 0.05 < at(f"out_{kind}", 0.05)


@pytest.mark.parametrize("name", [name for name in EASINGS if not name.endswith(("back", "elastic", "bounce"))])
def test_only_back_elastic_and_bounce_change_direction(name: str) -> None:
    assert np.all(np.diff(easing(name)(SHARES)) >= 0)


@pytest.mark.parametrize("name", [name for name in EASINGS if not name.endswith(("back", "elastic"))])
def test_only_back_and_elastic_overshoot(name: str) -> None:
    values = easing(name)(SHARES)
    assert values.min() >= 0
    assert values.max() <= 1


@pytest.mark.parametrize("name", [name for name in EASINGS if name != "hold"])
def test_is_continuous(name: str) -> None:
    """No step over 1e-6 of the time is larger than where circ stands upright, at an end or its middle: sqrt(2e-6)."""
    shares = np.concatenate([np.linspace(a, a + 1e-4, 101) for a in (0, 1 / 5.5, 1 / 2.75, 0.49995, 2 / 2.75, 0.9999)])
    values = easing(name)(np.clip(shares, 0, 1)).reshape(-1, 101)
    assert np.abs(np.diff(values, axis=1)).max() < 1.5e-3


def bezier_by_root(x1: float, y1: float, x2: float, y2: float, share: float) -> float:
    """Expanded monomials and Brent's method: neither is what the code does."""

    def axis(a: float, b: float, u: float) -> float:
        return (1 - 3 * b + 3 * a) * u**3 + (3 * b - 6 * a) * u**2 + 3 * a * u

    parameter = float(brentq(lambda u: axis(x1, x2, u) - share, 0, 1, xtol=1e-14))
    return axis(y1, y2, parameter)


@pytest.mark.parametrize(
    "handles",
    [(0.25, 0.1, 0.25, 1.0), (0.42, 0, 1, 1), (0, 0, 0.58, 1), (0.68, -0.55, 0.27, 1.55), (0.9, 0.2, 0.1, 0.8)],
)
def test_bezier_agrees_with_an_independent_solve(handles: tuple[float, float, float, float]) -> None:
    name = "bezier({}, {}, {}, {})".format(*handles)
    shares = np.linspace(0.02, 0.98, 25)
    expected = [bezier_by_root(*handles, float(share)) for share in shares]
    assert easing(name)(shares) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("handles", "values"),
    [  # CSS's named timing functions at 0.25, 0.5, 0.75, as browsers give them
        ("0.25, 0.1, 0.25, 1", (0.4085, 0.8024, 0.9605)),  # ease
        ("0.42, 0, 1, 1", (0.0935, 0.3154, 0.6219)),  # ease-in
        ("0, 0, 0.58, 1", (0.3781, 0.6846, 0.9065)),  # ease-out
        ("0.42, 0, 0.58, 1", (0.1292, 0.5, 0.8708)),  # ease-in-out
        ("0.3, 0.3, 0.6, 0.6", (0.25, 0.5, 0.75)),  # handles on the diagonal: linear
    ],
)
def test_bezier_gives_the_values_of_css(handles: str, values: tuple[float, ...]) -> None:
    assert easing(f"bezier({handles})")(np.array([0.25, 0.5, 0.75])) == pytest.approx(values, abs=5e-5)


@pytest.mark.parametrize(
    "name", ["bezier(.25,.1,.25,1.)", "bezier( 0.25 , 0.1 , 0.25 , 1 )", "bezier(+0.25,0.1,0.25,1)"]
)
def test_bezier_may_be_written_in_several_ways(name: str) -> None:
    assert np.array_equal(easing(name)(SHARES), easing("bezier(0.25, 0.1, 0.25, 1)")(SHARES))


@pytest.mark.parametrize(
    "name",
    [
        *("", "in_out_sin", "Linear", "ease", "bounce", "_bounce", "bezier", "bezier()", "bezier(0,0,1)"),
        *("bezier(0,0,1,1,1)", "bezier(1.1,0,1,1)", "bezier(0,0,-0.1,1)", "bezier(a,0,1,1)", "linear "),
    ],
)
def test_unknown_names_are_key_errors(name: str) -> None:
    with pytest.raises(KeyError):
        easing(name)


def test_shape_is_kept() -> None:
    grid = SHARES[:100].reshape(20, 5)
    for name in (*EASINGS, "bezier(0.25, 0.1, 0.25, 1)"):
        assert easing(name)(grid).shape == (20, 5), name
