"""Frame specs of a schedule: one per frame, the same motion at every frame rate."""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pipeline.schedule.loader import read_schedule
from pipeline.schedule.timeline import Timeline
from render import catalogue
from render.motion import transforms
from render.motion.displacements.homography import motion_matrix
from render.motion.transforms import Matrix
from render.spec import FrameSpec
from render.spec.prompts import PromptWeight

SIZE = (256, 144)
CORNERS = np.array([[x, y, 1.0] for x in (0, SIZE[0] - 1) for y in (0, SIZE[1] - 1)]).T
FAST = {"zoom": "1.5/s", "rotate": "40/s", "pan_x": "10%/s", "pan_y": "-6%/s"}
KEYED = {
    "zoom": "{0: 1.2/s, 0.7s: {to: 0.9/s, ease: in_out_sine}, 1.9s: {to: 1.4/s, ease: smooth}}",
    "rotate": "{0: 0, 0.3s: {to: 30/s, ease: smooth}, 1.1s: {to: -20/s, ease: hold}, 3s: {to: 5/s, ease: out_quint}}",
}
PANNED = KEYED | {"pan_x": "{0: 0%, 1.3s: {to: 8%/s, ease: in_out_cubic}}", "pan_y": "{0.4s: -5%/s, 1.6s: 3%/s}"}


def source(motion: dict[str, str], fps: float = 12, length: str = "3s", rest: str = "") -> str:
    moves = "".join(f"  {name}: {rate}\n" for name, rate in motion.items())
    text = f"output: {{fps: {fps}, length: {length}}}\n" + ("motion:\n" + moves) * bool(moves) + rest
    return "prompts: a sea\n" * ("prompts:" not in rest) + text


def timeline(motion: dict[str, str], fps: float = 12, length: str = "3s", rest: str = "") -> Timeline:
    return Timeline(read_schedule(source(motion, fps, length, rest), "a.yaml", "a"))


def composed(motion: dict[str, str], fps: float, seconds: float = 2) -> Matrix:
    """The matrices of all frames up to `seconds`, the earliest rightmost: the total motion of a pixel of frame 0."""
    total = np.eye(3)
    asked = timeline(motion, fps)
    for index in range(1, round(seconds * fps) + 1):
        spec = asked.at(index)
        total = motion_matrix(spec.transforms, spec.size, spec.center) @ total
    return total


def apart(a: Matrix, b: Matrix) -> float:
    """How far apart the two matrices put the picture's corners, in pixels."""
    return float(np.abs((a - b) @ CORNERS).max())


def flow(motion: dict[str, str], seconds: float = 2) -> Matrix:
    """The oracle: where the corners move in the velocity field of the motion, by solving a differential equation."""
    rates = read_schedule(source(motion), "a.yaml", "a").motion.rates
    moves = {name: catalogue.load(transforms, name).TRANSFORM for name in rates}
    middle = (np.array(SIZE) - 1)[:, None] / 2

    def velocity(time: float, flat: Matrix, until: float) -> Matrix:
        points = np.vstack([flat.reshape(2, -1) - middle, np.ones((1, 4))])
        total = np.zeros((3, 3))
        for name, curve in rates.items():
            rate = float(curve.sample([min(time, until - 1e-12)])[0])
            total += moves[name].generator(math.log(rate) if moves[name].multiplicative else rate, SIZE)
        moved: Matrix = (total @ points)[:2].ravel()
        return moved

    position: Matrix = CORNERS[:2].ravel()
    for begin, end in pairwise(np.linspace(0, seconds, 21)):  # every key is at an edge: `hold` jumps between two
        solved = solve_ivp(velocity, (begin, end), position, args=(end,), rtol=1e-9, atol=1e-9)
        position = solved.y[:, -1]
    return position.reshape(2, -1)


@pytest.mark.parametrize(
    ("fps", "length", "frames"), [(12, "12s", 144), (8, "1", 1), (29.97, "10s", 300), (0.5, "9s", 4)]
)
def test_there_is_one_spec_per_frame(fps: float, length: str, frames: int) -> None:
    specs = list(timeline({}, fps, length))
    assert [spec.index for spec in specs] == list(range(frames))


def test_frame_i_is_at_i_divided_by_fps_seconds() -> None:
    specs = list(timeline({}, 8, rest="refine: {lr: {0: 0.1, 2s: 0.5}}\n"))
    assert [spec.lr for spec in specs][:17] == pytest.approx([0.1 + 0.025 * index for index in range(17)])


def test_a_spec_survives_json() -> None:
    rest = "prompts: [日の出, {text: b, weight: -0.3}]\n"
    for spec in timeline(PANNED, rest=rest):
        read = json.loads(spec.to_json())
        read["prompts"] = tuple(PromptWeight(**prompt) for prompt in read["prompts"])
        again = FrameSpec(**(read | {"size": tuple(read["size"]), "center": tuple(read["center"])}))
        assert again == spec
        assert again.to_json() == spec.to_json()
        assert "\n" not in spec.to_json()


def test_a_plan_names_the_scale_of_the_steps_only_if_it_is_the_picture_s() -> None:
    plain, own = (timeline({}, 8, rest=rest).at(0) for rest in ("", "refine: {adapt: picture}\n"))
    assert (plain.adapt, own.adapt) == ("number", "picture")
    assert "adapt" not in json.loads(plain.to_json())
    assert json.loads(own.to_json())["adapt"] == "picture"


def test_the_same_schedule_gives_the_same_specs_in_any_order() -> None:
    forwards = list(timeline(PANNED))
    asked = timeline(PANNED)
    assert [asked.at(index) for index in reversed(range(len(asked)))] == forwards[::-1]


@pytest.mark.parametrize("fps", [8, 15, 30])
def test_constant_rates_give_the_expected_motion(fps: float) -> None:
    """Two seconds at 1.5/s are a factor of 2.25 about the centre; rotation is counter-clockwise, with y down."""
    middle = np.array([127.5, 71.5, 1.0])
    zoomed = composed({"zoom": "1.5/s"}, fps)
    assert zoomed[:2, :2] == pytest.approx(2.25 * np.eye(2), abs=1e-12)
    assert zoomed @ middle == pytest.approx(middle, abs=1e-9)
    turned = composed({"rotate": "45/s"}, fps)
    assert turned @ np.array([137.5, 71.5, 1]) == pytest.approx([127.5, 61.5, 1], abs=1e-9)
    panned = composed({"pan_x": "10%/s", "pan_y": "-5%/s"}, fps)
    assert panned @ middle == pytest.approx([127.5 + 0.2 * 256, 71.5 - 0.1 * 144, 1], abs=1e-9)


@pytest.mark.parametrize(
    ("motion", "pixels"), [(FAST, 1e-6), (KEYED, 1e-6), (PANNED, 0.05)], ids=["constant", "keyed", "keyed and panned"]
)
def test_motion_follows_the_velocity_field(motion: dict[str, str], pixels: float) -> None:
    expected = flow(motion)
    for fps in (8, 15, 30):
        assert np.abs((composed(motion, fps) @ CORNERS)[:2] - expected).max() < pixels


@pytest.mark.parametrize(
    ("motion", "pixels"), [(FAST, 1e-9), (KEYED, 1e-6), (PANNED, 0.05)], ids=["constant", "keyed", "keyed and panned"]
)
def test_motion_is_the_same_at_any_frame_rate(motion: dict[str, str], pixels: float) -> None:
    """Motions with different centres do not commute: with a pan, the remaining error is the effect of fps."""
    composed_at = [composed(motion, fps) for fps in (8, 15, 30)]
    assert apart(composed_at[0], np.eye(3)) > 10
    for coarse, fine in pairwise(composed_at):
        assert apart(coarse, fine) < pixels


def test_an_off_centre_fixed_point_stays() -> None:
    rest = "  center: [0.25, 1]\n"
    for spec in list(timeline({"zoom": "1.5/s", "rotate": "40/s"}, 8, rest=rest))[1:]:
        fixed = np.array([0.25 * 255, 143, 1])
        assert motion_matrix(spec.transforms, spec.size, spec.center) @ fixed == pytest.approx(fixed, abs=1e-10)


def test_rates_per_frame_count_frames() -> None:
    for fps in (8, 30):
        spec = timeline({"zoom": "1.01/frame", "rotate": "-2/frame", "pan_x": "1%/frame"}, fps).at(5)
        assert spec.transforms == pytest.approx({"zoom": 1.01, "rotate": -2, "pan_x": 0.01}, abs=1e-12)


def test_nothing_moves_before_the_first_frame_nor_at_rest() -> None:
    specs = list(timeline({"zoom": "{0: 1.5, 1s: {to: 1, ease: hold}}", "rotate": "{1s: 0, 2s: 9}", "pan_x": "0"}))
    assert [bool(spec.transforms) for spec in specs] == [False] + [True] * 35
    assert [sorted(specs[index].transforms) for index in (0, 1, 12, 13)] == [[], ["zoom"], ["zoom"], ["rotate"]]
    assert list(timeline({"zoom": "1", "rotate": "0"}))[7].transforms == {}


def test_a_text_in_several_scenes_is_one_prompt() -> None:
    rest = "prompts: {0s: sea, 1s: sea, 2s: sun}\n"
    specs = list(timeline({}, 4, rest=rest))
    assert {prompt.text for spec in specs for prompt in spec.prompts} == {"sea", "sun"}
    assert [specs[index].prompts for index in (0, 2, 4)] == [(PromptWeight(text="sea", weight=1.0),)] * 3
    assert specs[5].prompts == (PromptWeight(text="sea", weight=0.75), PromptWeight(text="sun", weight=0.25))


def test_prompts_and_losses_with_weight_0_are_left_out() -> None:
    rest = "prompts: [{text: a, weight: {0: 0, 1s: 0, 2s: 1}}, {text: b, weight: 0}]\nlosses: {smooth: 0, anchor: 2}\n"
    specs = list(timeline({}, rest=rest))
    assert (specs[6].prompts, specs[6].losses) == ((), {"anchor": 2})
    assert (specs[18].prompts, specs[18].losses) == ((PromptWeight(text="a", weight=0.5),), {"prompt": 1, "anchor": 2})


def test_the_first_frame_has_steps_of_its_own_and_counts_are_whole() -> None:
    rest = "refine: {first_frame: 99, steps: {0: 0, 1s: 10, 2s: {to: 0, ease: in_out_back}}, cutouts: {0: 1, 1s: 4}}\n"
    specs = list(timeline({}, rest=rest))
    assert [spec.num_steps for spec in specs][:13] == [99, *(round(index * 10 / 12) for index in range(1, 13))]
    assert min(spec.num_steps for spec in specs) == 0  # in_out_back would go below it
    assert [specs[index].num_cutouts for index in (0, 4, 8, 12)] == [1, 2, 3, 4]
    assert {type(spec.num_steps) for spec in specs} == {type(spec.num_cutouts) for spec in specs} == {int}


def edited(ease: str, value: float) -> list[FrameSpec]:
    keys = f"{{0: 1, 1s: {{to: 1.3, ease: {ease}}}, 2s: {{to: 1.1, ease: {ease}}}, 4s: {{to: {value}, ease: {ease}}}}}"
    rest = f"prompts: {{0s: a, 2s: b, 4s: c{value}}}\nlosses: {{smooth: {keys}}}\nrefine: {{lr: {keys}}}\n"
    return list(timeline({"zoom": keys, "rotate": keys}, 15, "6s", rest))


@pytest.mark.parametrize(
    ("ease", "seconds"),
    [("linear", 2), ("hold", 2), ("in_out_sine", 2), ("out_elastic", 2), ("in_expo", 2), ("smooth", 1)],
)
def test_editing_a_later_key_leaves_earlier_specs_equal(ease: str, seconds: int) -> None:
    """Equal to the last bit, or a resumed run would start too early. `smooth` keys bend the segment before, too."""
    before, after = edited(ease, 1.5), edited(ease, 1.7)
    same = 15 * seconds + 1
    assert [spec.to_json() for spec in before[:same]] == [spec.to_json() for spec in after[:same]]
    assert before[-1] != after[-1]


@pytest.mark.parametrize("ease", ["linear", "out_elastic", "smooth"])
def test_a_longer_schedule_begins_the_same(ease: str) -> None:
    motion = {"zoom": f"{{0: 1, 1s: {{to: 1.3, ease: {ease}}}, 2s: {{to: 1.1, ease: {ease}}}}}"}
    assert list(timeline(motion, 15, "7.4s"))[:45] == list(timeline(motion, 15, "3s"))


def test_a_curve_is_sampled_not_stepped() -> None:
    """A key between two frames counts: half of the frame's time is before it, half after."""
    spec = timeline({"rotate": "{0.5s: 0, 0.75s: {to: 8, ease: hold}}"}, 2, "2s").at(2)
    assert spec.transforms["rotate"] == pytest.approx(8 * 0.25)


def test_the_velocity_field_differs_from_a_wrong_motion() -> None:
    """Guards the oracle: it notices an error of one degree in a hundred."""
    wrong = FAST | {"rotate": "40.4/s"}
    assert np.abs((composed(wrong, 15) @ CORNERS)[:2] - flow(FAST)).max() > 1
