"""Generated schedules: only our own exceptions, the same plan twice, the same motion at another frame rate."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.curves.easings import EASINGS
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.errors import InputError

CALM = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])

NUMBERS = st.integers(0, 30).map(lambda tenths: f"{tenths / 10:g}")
LEAVES = st.one_of(NUMBERS, st.sampled_from(["t", "progress", "beat", "bar", "pi", "swing", "level", "duration"]))
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(st.sampled_from(["sin", "cos", "tri", "saw", "square", "noise", "abs", "rand"]), inner).map(
            lambda parts: f"{parts[0]}({parts[1]})"
        ),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} if {parts[1]} < {parts[2]} else 1)"),
        st.tuples(inner, inner).map(lambda parts: f"max({parts[0]}, {parts[1]})"),
    ),
    max_leaves=6,
)
TIMES = st.one_of(
    st.integers(0, 80).map(lambda tenths: f"{tenths / 10:g}s"),
    st.sampled_from(["0%", "50%", "end", "end-1s", "2 beats", "1 bar", "@drop", "@drop+1 beat", "1s500ms"]),
)
EASES = st.sampled_from([*EASINGS, "bezier(0.3, 0, 0.7, 1)"])


def bounded(expression: str, low: float, high: float) -> str:
    return f"clamp({expression}, {low}, {high})"


def animated(low: float, high: float) -> st.SearchStrategy[object]:
    """A number within its bounds: plain, as an expression, or as a map from times to either."""
    plain = st.floats(low, high).map(lambda number: round(number, 3))
    value = st.one_of(plain, EXPRESSIONS.map(lambda text: bounded(text, low, high)))
    # An easing that overshoots may exceed the bounds, which a zoom must not.
    entry = st.one_of(
        value, st.fixed_dictionaries({"to": value, "ease": EASES.filter(lambda name: "back" not in name)})
    )
    return st.one_of(value, st.dictionaries(TIMES, entry, min_size=1, max_size=4))


SCHEDULES = st.fixed_dictionaries(
    {
        "output": st.fixed_dictionaries({"length": st.just("4s"), "seed": st.integers(0, 9)}),
        "music": st.just({"bpm": 90, "offset": "0.2s"}),
        "markers": st.just({"drop": "1.3s"}),
        "let": st.fixed_dictionaries({"level": NUMBERS, "swing": st.just("sin(tau*t/3) + level")}),
        "prompts": st.lists(
            st.fixed_dictionaries({"text": st.sampled_from(["a sea", "fog"]), "weight": animated(-1, 1)}),
            min_size=1,
            max_size=3,
        ),
        "motion": st.fixed_dictionaries(
            {"zoom": animated(0.5, 2), "rotate": animated(-40, 40)}, optional={"shear_x": animated(-1, 1)}
        ),
        "refine": st.fixed_dictionaries({"steps": animated(0, 20), "lr": animated(0, 1), "cutouts": animated(1, 64)}),
    }
)


def read(schedule: dict[str, object], fps: float) -> Schedule | None:
    """The schedule, or None where two keys coincide or an easing swings too far; both are reported."""
    text = json.dumps({**schedule, "output": {**schedule["output"], "fps": fps}})  # type: ignore[dict-item]
    try:
        return read_schedule(text, "a.yaml", "a")
    except InputError as error:
        lines = str(error).splitlines()
        assert all("another entry" in line or "overshoots" in line or "above 0" in line for line in lines), lines
        return None


@given(SCHEDULES)
@CALM
def test_a_plan_is_reproducible_and_consists_of_plain_numbers(schedule: dict[str, object]) -> None:
    plans = [[spec.to_json() for spec in Timeline(found)] for _ in range(2) if (found := read(schedule, 12))]
    if plans:
        assert plans[0] == plans[1]
        assert len(plans[0]) == 48


@given(SCHEDULES)
@CALM
def test_another_frame_rate_moves_the_same(schedule: dict[str, object]) -> None:
    slow, fast = read(schedule, 6), read(schedule, 24)
    if slow is None or fast is None:
        return
    for name in ("zoom", "rotate"):
        coarse, fine = (
            found.motion.rates[name].accumulate(np.arange(4 * fps) / fps, logarithmic=name == "zoom")[::fps]
            for found, fps in ((slow, 6), (fast, 24))
        )
        # Jumps cost 2 microseconds each, and an elastic easing is matched to 1e-3 of its swing.
        assert coarse == pytest.approx(fine, abs=0.05 if name == "rotate" else 2e-3)


WORDS = st.sampled_from(
    [
        *(
            "0",
            "1s",
            "end",
            "@drop",
            "4 beats",
            "{}",
            "[]",
            "~",
            "true",
            "1e999",
            "-1",
            "50%",
            "1.05/s",
            "9**9**9",
            "t",
        ),
        *(
            "sin(t)",
            "1/0",
            "log(t)",
            "((",
            "prev",
            "{to: 1, ease: hold}",
            "{0s: a, 0: b}",
            "'",
            '"',
            "&a",
            "*a",
            "!!python",
        ),
        *("1m-99s", "nan", "inf", "0x10", "é", "\u0000", "{1s: t, 2s: {to: prev*2}}", "1 if", "a" * 300, "out_bounce"),
    ]
)
KEYS = st.sampled_from(
    [
        *(
            "output",
            "music",
            "markers",
            "let",
            "prompts",
            "motion",
            "refine",
            "losses",
            "variants",
            "include",
            "models",
        ),
        *("version", "title", "fps", "length", "size", "seed", "bpm", "offset", "zoom", "rotate", "center", "steps"),
        *(
            "smooth",
            "0s",
            "1s",
            "to",
            "ease",
            "text",
            "weight",
            "output.seed",
            "a",
            "drop",
            "blend",
            "shear_y",
            "x y",
            "start",
        ),
    ]
)
TREES = st.recursive(
    WORDS,
    lambda inner: st.one_of(
        st.dictionaries(KEYS, inner, max_size=4).map(
            lambda entries: "{" + ", ".join(f"{key}: {value}" for key, value in entries.items()) + "}"
        ),
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
    ),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=6), st.booleans())
@settings(CALM, max_examples=150)
def test_nonsense_raises_only_our_own_errors(sections: dict[str, str], prompted: bool) -> None:
    text = "prompts: a sea\n" * prompted + "".join(f"{key}: {value}\n" for key, value in sections.items())
    with contextlib.suppress(InputError):
        assert all(spec.to_json() for spec in Timeline(read_schedule(text, "a.yaml", "a")))
