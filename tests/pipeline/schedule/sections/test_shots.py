"""shots: one after another, each with its own clock; the top level of the schedule applies to all of them."""

import numpy as np
import pytest

from pipeline.curves.curve import Curve
from pipeline.curves.joined import joined
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError
from render.spec import FrameSpec

TEXT = """\
output: {fps: 10, seed: 3}
music: {bpm: 120, offset: 0.25s}
markers: {drop: 2.5s}
motion: {zoom: {0: 1, end: 1.5}, border: wrap}
shots:
  - {length: 2s, prompts: a sea, losses: {smooth: t}}
  - length: 4 beats
    start: carry
    prompts: {blend: slerp, 0s: a forest, "@drop": snow}
    motion: {rotate: {0: 6, 1 beat: {to: 12, ease: hold}}, border: edge}
    refine: {steps: 9, carry: false, ema: 0.5, adapt: picture}
  - {length: 10, start: carry, prompts: [fog], motion: {zoom: "2*progress + 0.1"}}
"""


def read(text: str = TEXT) -> Schedule:
    return read_schedule(text, "a.yaml", "a")


def specs(text: str = TEXT) -> list[FrameSpec]:
    return list(Timeline(read(text)))


def reported(text: str) -> list[str]:
    with pytest.raises(ScheduleError) as caught:
        read(text)
    return [line.removeprefix("a.yaml:") for line in str(caught.value).splitlines()]


def test_the_lengths_add_up() -> None:
    schedule = read()
    assert (schedule.output.length, [shot.start for shot in schedule.shots]) == (5, [0, 2, 4])
    assert [spec.index for spec in specs()] == list(range(50))


def test_prompts_apply_only_to_their_shot() -> None:
    found = specs()
    assert [[prompt.text for prompt in found[index].prompts] for index in (0, 19, 20, 22, 25, 39, 40, 49)] == [
        *(["a sea"], ["a sea"], ["a forest"], ["a forest", "snow"], ["snow"], ["snow"], ["fog"], ["fog"]),
    ]
    assert found[22].prompts[0].weight == pytest.approx(0.6)
    assert [found[index].blend for index in (19, 20, 39, 40)] == ["weights", "slerp", "slerp", "weights"]


def test_settings_that_are_not_curves_change_with_the_shot() -> None:
    found = specs()
    assert [found[index].border for index in (19, 20, 39, 40)] == ["wrap", "edge", "edge", "wrap"]
    assert [found[index].num_steps for index in (0, 1, 19, 20, 39, 40)] == [60, 3, 3, 9, 9, 3]
    assert [found[index].carry_optimizer for index in (19, 20, 40)] == [True, False, True]
    assert [found[index].ema for index in (19, 20, 40)] == [0, 0.5, 0]
    assert [found[index].adapt for index in (19, 20, 40)] == ["number", "picture", "number"]


def test_every_shot_has_its_own_clock_and_beats_from_the_first_one_in_it() -> None:
    schedule = read()
    zoom = schedule.motion.rates["zoom"]
    assert zoom.sample([0, 1, 2, 3, 3.999, 4.5]) == pytest.approx([1, 1.25, 1, 1.25, 1.5, 1.1], abs=1e-3)
    rotate = schedule.motion.rates["rotate"]  # the beats are at 0.25, 0.75, ...: beat 1 of the shot is at 2.75 s
    assert rotate.sample([1.9, 2, 2.74, 2.76, 3.9, 4.1]) == pytest.approx([0, 6, 6, 12, 12, 0])
    assert schedule.losses["smooth"].sample([1.5, 2]) == pytest.approx([1.5, 0.6])


def test_the_motion_between_two_shots_is_that_of_both() -> None:
    text = (
        "output: {fps: 4}\nprompts: a\nshots: [{length: 0.875s, motion: {rotate: 8, zoom: 2}}, "
        "{length: 1s, start: carry, motion: {rotate: 80}}]\n"
    )
    moves = [spec.transforms for spec in specs(text)]
    assert moves[3] == pytest.approx({"rotate": 2, "zoom": 2**0.25})
    assert moves[4] == pytest.approx({"rotate": 1 + 10, "zoom": 2**0.125})
    assert moves[5] == pytest.approx({"rotate": 20})


@pytest.mark.parametrize("fps", [10, 30, 24, 7])
def test_a_shot_begins_at_its_frame_at_any_frame_rate(fps: int) -> None:
    """0.1 + 0.2 is not 0.3: sums of lengths are snapped to the frames."""
    shots = ", ".join(f"{{length: {0.7 if fps == 10 else 1}s, start: carry, prompts: p{i}}}" for i in range(9))
    found = specs(f"output: {{fps: {fps}}}\nshots: [{shots}]\n")
    per_shot = 7 if fps == 10 else fps
    assert [spec.prompts[0].text for spec in found] == [f"p{index // per_shot}" for index in range(9 * per_shot)]


def test_one_shot_is_the_schedule_without_shots() -> None:
    rest = "prompts: {0s: a, 2s: b}\nmotion: {zoom: {0: 1, 2s: {to: 1.2, ease: out_back}}, rotate: 3*sin(t)}\n"
    assert specs(rest + "shots: [{length: 3s}]\n") == specs(rest + "output: {length: 3s}\n")


def test_a_draft_reduces_the_steps_of_every_shot() -> None:
    draft = list(Timeline(read().draft()))
    assert [draft[index].num_steps for index in (0, 1, 20, 40)] == [20, 1, 3, 1]


def test_joined_curves_meet_without_a_gap() -> None:
    curve = joined([0.0, 1.0, 2.5], [Curve.constant(1.0), Curve.constant(3.0), Curve.constant(-2.0)])
    assert curve.sample([-1, 0, 0.999, 1, 2.499, 2.5, 9]).tolist() == [1, 1, 1, 3, 3, -2, -2]
    assert curve.accumulate(np.array([0.0, 0.3, 1.7, 4.0])) == pytest.approx([0, 0.3, 1 + 2.1, 1 + 4.5 - 3], abs=1e-8)
    assert [key.time for key in curve.keys] == [0, 1, 2.5]
    assert joined([0.0, 1.0], [Curve.constant(2.0)] * 2) == Curve.constant(2.0)


SHOT = "expected a list of shots such as {length: 4s, prompts: a sea, start: cut}"
LENGTH = "expected a length such as 4s, 8 bars, or a number of frames, of at least one frame"
WRONG = [
    ("shots: 3", [f"1:8: shots: {SHOT}, got '3'"]),
    ("shots: []", [f"1:8: shots: {SHOT}, from 1 to 500 of them, got an empty list"]),
    (
        "prompts: a\nshots: [{prompts: b}, {length: 0}, {length: end}, b]",
        [
            "2:9: shots[0]: 'length' is missing; expected a shot such as {length: 4s, prompts: a sea}",
            f"2:32: shots[1].length: {LENGTH}, got '0'",
            f"2:45: shots[2].length: {LENGTH}, got 'end'",
            "2:51: shots[3]: expected a map with length, prompts, ..., got 'b'",
        ],
    ),
    (
        "output: {length: 3s}\nprompts: a\nshots: [{length: 3s}]",
        ["1:18: output.length: the shots have their own lengths; remove this one"],
    ),
    ("shots: [{length: 3s}]", ["1:9: shots[0]: 'prompts' is missing, here and at the top of the schedule"]),
    (
        "shots: [{length: 3s, prompts: a, motoin: 3, start: fade}]",
        [
            "1:34: shots[0].motoin: unknown key; did you mean 'motion'?",
            "1:52: shots[0].start: unknown start 'fade'; expected one of: carry, cut, noise",
        ],
    ),
    (
        "motion: {zoom: fast}\nshots: [{length: 3s, prompts: a, motion: {rotate: {2m: slow}}}]",
        [
            "1:16: shots[0].motion.zoom: expected a number, a rate such as 1.05/s or a map of times, got 'fast'",
            "2:56: shots[0].motion.rotate.2m: expected a number, a rate such as 3/s, got 'slow'",
        ],
    ),
    (
        "markers: {drop: 1s}\nprompts: a\nshots: [{length: 3s}, {length: 3s, start: carry, "
        'losses: {smooth: {"@drop": 1}}}]',
        ["3:68: shots[1].losses.smooth.@drop: is 2 s before the start"],
    ),
    (
        "prompts: a\nshots: [{length: 90000}, {length: 910001, start: carry}]",
        ["2:8: shots: are more than 1,000,000 frames long"],
    ),
]


@pytest.mark.parametrize(("text", "lines"), WRONG)
def test_a_wrong_shot_is_reported_at_its_place(text: str, lines: list[str]) -> None:
    assert reported(text + "\n") == lines
