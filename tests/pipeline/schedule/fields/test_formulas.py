"""Expressions in a schedule: allowed wherever a number is, the same at any frame rate, every mistake located."""

import numpy as np
import pytest

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.errors import InputError, ScheduleError


def read(text: str) -> Schedule:
    return read_schedule("prompts: a sea\n" * ("prompts:" not in text) + text + "\n", "a.yaml", "a")


def reported(text: str) -> list[str]:
    with pytest.raises(ScheduleError) as caught:
        read(text)
    return [line.removeprefix("a.yaml:") for line in str(caught.value).splitlines()]


def steps(written: str, rest: str = "") -> Curve:
    return read(f"refine: {{steps: {written}}}\n{rest}").refine.steps


EVERYWHERE = """
prompts: [{text: a, weight: "sin(t)"}]
motion: {zoom: "1+t/100", rotate: sin(t), pan_x: "sin(t)", pan_y: {0: sin(t)}, center: ["t/99", {0: t/99}]}
refine: {steps: "5+t", lr: "0.1+t/100", cutouts: 8+t}
losses: {prompt: 1+t, smooth: t, anchor: "t", saturation: -t, guide: 1+t}
"""


def test_every_animated_number_accepts_an_expression() -> None:
    schedule = read(EVERYWHERE)
    curves = [
        *(schedule.prompts[0].weight, *schedule.motion.rates.values(), *schedule.motion.center),
        *(schedule.refine.steps, schedule.refine.lr, schedule.refine.cutouts, *schedule.losses.values()),
    ]
    assert len(curves) == 15
    assert all(curve.has_formula and not curve.is_constant for curve in curves)


def test_an_expression_is_sampled_at_every_frame() -> None:
    specs = list(Timeline(read('refine: {lr: "0.1 + frame/1000 + progress"}\noutput: {fps: 10, length: 2s}')))
    assert [spec.lr for spec in specs] == pytest.approx([0.1 + i / 1000 + i / 20 for i in range(20)])


def test_a_rate_is_per_second_and_a_pan_in_percent() -> None:
    text = 'motion: {zoom: "1.05+0*t", rotate: "3+0*t", pan_x: "2+0*t"}\noutput: {fps: 10, length: 2s}'
    plain = "motion: {zoom: 1.05, rotate: 3, pan_x: 2%}\noutput: {fps: 10, length: 2s}"
    for mine, wanted in zip(Timeline(read(text)), Timeline(read(plain)), strict=True):
        assert mine.transforms == pytest.approx(wanted.transforms, rel=1e-12)


@pytest.mark.parametrize(
    ("written", "value"), [("2*3", 6), ('"7 + 0"', 7), ("speed", 9), ("speed/3 if fps > 10 else 5", 3)]
)
def test_constant_expressions_are_plain_numbers(written: str, value: float) -> None:
    curve = steps(written, "let: {speed: 9}")
    assert [(key.value, key.formula) for key in curve.keys] == [(value, None)]


def test_keys_may_be_expressions_and_an_easing_blends_them() -> None:
    curve = steps('{2s: "t", 4s: {to: "10*t", ease: in_out_sine}, 6s: 7, 8s: {to: "20+t", ease: hold}}')
    times = [0.5, 2, 3, 4, 5, 6, 7.9, 8, 9]
    blend = 0.5 * 50 + 0.5 * 7
    assert curve.sample(times) == pytest.approx([0.5, 2, 0.5 * 3 + 0.5 * 30, 40, blend, 7, 7, 28, 29])
    assert [key.value for key in curve.keys] == [2, 40, 7, 28]


def test_smooth_beside_an_expression_is_smoothstep() -> None:
    curve = steps('{0s: 0, 4s: {to: "8+0*t", ease: smooth}}')
    assert curve.sample([1.0, 2.0]) == pytest.approx([8 * (3 / 16 - 2 / 64), 4])


def test_prev_is_the_value_at_the_key_before() -> None:
    curve = steps('{0: 3, 2s: "prev*2", 4s: {to: "prev+t", ease: hold}, 8s: {to: prev - 1, ease: hold}}')
    assert curve.sample([0, 2, 4, 6, 8]) == pytest.approx([3, 6, 10, 12, 9])
    pan = read("motion: {pan_x: {0: 2%, 2s: prev*3}}").motion.rates["pan_x"]
    assert pan.sample([0, 2]) == pytest.approx([0.02, 0.06])


def accumulated(expression: str, fps: float) -> Array:
    curve = read(f'output: {{fps: {fps}, length: 10s}}\nmotion: {{rotate: "{expression}"}}').motion.rates["rotate"]
    return curve.accumulate(np.arange(10 * fps + 1) / fps)[:: int(fps / 5)]


@pytest.mark.parametrize(
    ("expression", "degrees"),
    [
        *(
            ("30*sin(tau*t/3)", 1e-6),
            ("20*noise(4*t)", 1e-6),
            ("10*abs(sin(5*t))", 1e-4),
            ("9 if t < 3.21 else -9", 1e-4),
        ),
        *(("90*square(2.3*t)", 1e-2), ("90*pulse(0.7, 0.05)", 1e-2), ("40*rand(7*t)", 1e-2), ("50*saw(t*1.7)", 1e-2)),
    ],
)
def test_another_frame_rate_moves_the_same(expression: str, degrees: float) -> None:
    coarse, fine, odd = (accumulated(expression, fps) for fps in (5, 60, 25))
    assert np.abs(fine).max() > 1
    assert coarse == pytest.approx(fine, abs=degrees)
    assert odd == pytest.approx(fine, abs=degrees)


@pytest.mark.parametrize("ease", ["linear", "out_bounce", "hold"])
def test_a_longer_schedule_begins_the_same(ease: str) -> None:
    text = (
        f'motion: {{zoom: {{0: "1.1+0.1*sin(t)", 2s: {{to: "1.2+0.1*noise(t)", ease: {ease}}}}}}}\noutput: {{length: '
    )
    assert list(Timeline(read(text + "8s}")))[:48] == list(Timeline(read(text + "4s}")))


def test_the_seed_of_the_output_is_the_seed_of_noise() -> None:
    def drawn(seed: int) -> list[float]:
        return [spec.lr for spec in Timeline(read(f"output: {{seed: {seed}}}\nrefine: {{lr: rand(frame)}}"))]

    assert drawn(1) == drawn(1) != drawn(2)


def test_a_draft_divides_the_value_of_an_expression() -> None:
    curve = read("refine: {steps: {0: 12, 2s: \"9+3*t\", 4s: 0, 5s: '0*t'}}").draft().refine.steps
    assert curve.sample([0, 2, 4, 5]) == pytest.approx([4, 5, 0, 0])


WRONG = [
    ('motion: {rotate: "3*sine(t)"}', ["2:21: motion.rotate: unknown function 'sine'; did you mean 'sin'?"]),
    ("motion: {rotate: 3*sin(tt)}", ["2:24: motion.rotate: unknown name 'tt'; did you mean 't'?"]),
    ("motion: {rotate: {2s: {to: 3*}}}", ["2:30: motion.rotate.2s.to: the expression ends too early"]),
    (
        "motion:\n  rotate: >-\n    3 +\n    foo",
        ["3:11: motion.rotate: unknown name 'foo'; did you mean 'floor'? (character 5 of the expression)"],
    ),
    (
        "motion: {center: [0.5, max(0.1, 0.2)]}",
        ["2:18: motion.center: expected two shares of the width and height such as [0.5, 0.5], got a list"],
    ),
    (
        "refine: {steps: max(3, t)}",
        [
            "2:17: refine.steps: put quotes around an expression with commas",
            "2:24: refine.t): unknown key; expected one of: adapt, augment, cadence, carry, cutouts, ema, first_frame, "
            "lr, steps, uncovered",
        ],
    ),
    ("let: {speed: 3}\nmotion: {rotate: sped}", ["3:18: motion.rotate: unknown name 'sped'; did you mean 'speed'?"]),
    (
        "motion: {rotate: {0: prev}}",
        [
            "2:22: motion.rotate.0: unknown name 'prev'; it is the value at the previous key of a map of times, and "
            "there is no previous key here"
        ],
    ),
    (
        "motion: {zoom: sin(t)}",
        ["2:16: motion.zoom: must be greater than 0 (1 = no change), got -0.99999 at frame 132 (11 s)"],
    ),
    ("motion: {zoom: 1/(t-2)}", ["2:16: motion.zoom: is infinite (such as 1/0) at frame 24 (2 s)"]),
    ("motion: {zoom: 9**9**9}", ["2:16: motion.zoom: is infinite (such as 1/0)"]),
    ("motion: {zoom: 2-3}", ["2:16: motion.zoom: must be greater than 0 (1 = no change), got -1"]),
    (
        "motion: {rotate: sqrt(2-t)}",
        ["2:18: motion.rotate: is not a number (such as 0/0 or sqrt(-1)) at frame 25 (2.083 s)"],
    ),
    (
        "motion: {rotate: {0: 1, 1.03s: log(t-1.04)}}",
        ["2:32: motion.rotate.1.03s: is not a number (such as 0/0 or sqrt(-1)) at frame 0 (0 s)"],
    ),
    (
        "motion: {rotate: sqrt(frame-2.5) if frame > 2 else 0}",
        ["2:18: motion.rotate: must be a number between the frames, too, got nan at 0.1875 s"],
    ),
    (
        "motion: {zoom: 1.1 - 1.2*abs(sin(pi*frame))}",
        ["2:16: motion.zoom: must stay above 0 between the frames, too, got -0.1 at 0.04167 s"],
    ),
    (
        "motion: {zoom: {0: 1+t, 1s: {to: 0.01, ease: out_back}}}",
        ["2:16: motion.zoom: falls to -0.148 at 0.60 s and must stay above 0; out_back overshoots"],
    ),
    (
        "motion: {pan_x: 1e9*t}",
        ["2:17: motion.pan_x: is more than 1,000,000 in one frame, got 1.19167e+10 at frame 143 (11.92 s)"],
    ),
    (
        "refine: {steps: 5000*t, lr: {0: 0.1, 8s: t - 9}}",
        [
            "2:17: refine.steps: expected a number from 0 to 10000, got 59583.3 at frame 143 (11.92 s)",
            "2:42: refine.lr.8s: expected a number from 0 to 100, got -9 at frame 0 (0 s)",
        ],
    ),
    ("losses: {smooth: 2*1000}", ["2:18: losses.smooth: expected a number from -1000 to 1000, got 2000"]),
    ("refine: {steps: 4*beat}", ["2:19: refine.steps: unknown name 'beat'; it needs music: {bpm: 120}"]),
    ("refine: {steps: ''}", ["2:17: refine.steps: expected a number from 0 to 10000 or a map of times, got ''"]),
    (
        "output: {fps: 3*4}",
        [
            "2:15: output.fps: expected frames per second from 0.1 to 240, such as 24 or 24000/1001, auto or source, "
            "got '3*4'"
        ],
    ),
]


@pytest.mark.parametrize(("text", "lines"), WRONG)
def test_a_mistake_is_reported_at_its_place(text: str, lines: list[str]) -> None:
    assert reported(text) == lines


LET = [
    (
        "let: {a: b, b: c+1, c: 2*a, d: a}\nmotion: {rotate: a + d}",
        ["2:10: let.a: refers to itself: a -> b -> c -> a"],
    ),
    ("let: {a: a}", ["2:10: let.a: refers to itself: a -> a"]),
    (
        "let: {t: 3, sin: 1, if: 2, x y: 3, z: true, w: [1], v: 1+, u: 2*zz}\nmotion: {rotate: z*w*v}",
        [
            "2:7: let.t: 't' is a reserved word; choose another name",
            "2:13: let.sin: 'sin' is a reserved word; choose another name",
            "2:21: let.if: 'if' is a reserved word; choose another name",
            "2:28: let.x y: expected a name of letters, digits and _ for a variable, got 'x y'",
            "2:39: let.z: expected a number or an expression such as 2*sin(t), got 'true'",
            "2:48: let.w: expected a number or an expression such as 2*sin(t), got a list",
            "2:58: let.v: the expression ends too early",
            "2:65: let.u: unknown name 'zz'; did you mean 'z'?",
        ],
    ),
    ("let: 3", ["2:6: let: expected a map of names to a variable each, got '3'"]),
    (
        "music: {bpm: fast}\nlet: {a: beat}\nmotion: {rotate: a*bar}",
        ["2:14: music.bpm: expected a number from 1 to 1000, got 'fast'"],
    ),
]


@pytest.mark.parametrize(("text", "lines"), LET)
def test_a_mistake_in_let_is_reported_once(text: str, lines: list[str]) -> None:
    assert reported(text) == lines


def test_let_may_use_later_names() -> None:
    curve = steps("2*wave", "let: {wave: 3 + amount*sin(t), amount: base/2, base: 4}")
    assert curve.sample([0, 1]) == pytest.approx([6, 2 * (3 + 2 * np.sin(1))])


def test_a_gap_between_all_samples_is_reported_without_its_place() -> None:
    schedule = read("motion: {rotate: 1 if abs(frame-2.4) > 0.01 else 0/0}")
    with pytest.raises(InputError, match=r"^motion.rotate: the motion from frame 2 to frame 3 is not a number$"):
        Timeline(schedule)


def test_too_many_expressions_are_refused_before_they_are_computed() -> None:
    long = "+".join(["sin(t)"] * 40)
    keys = ", ".join(f"{i}: big" for i in range(1, 2000))
    (line,) = [line for line in reported(f"let: {{big: {long}}}\nrefine: {{lr: {{{keys}}}}}") if "too many" in line][:1]
    assert line.endswith("the schedule has too many expressions, counting the let: variables that they use")
