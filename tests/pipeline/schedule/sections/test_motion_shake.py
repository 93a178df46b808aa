"""A camera's shake: its spectrum, its return, the same path at every frame rate, in loops and in shots."""

import numpy as np
import pytest

from pipeline.curves.array import Array
from pipeline.schedule import chart
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError
from render.motion.displacements.homography import motion_matrix
from render.motion.transforms import Matrix

SIZE = (256, 144)
LOOP = "loop: {blend: 1s}\n"


def timeline(shake: str, fps: float = 12, length: str = "4s", rest: str = "", seed: int = 3) -> Timeline:
    output = f"output: {{size: [256, 144], fps: {fps}, length: {length}, seed: {seed}}}\n"
    return Timeline(read_schedule(f"{output}prompts: red\nmotion: {{shake: {shake}}}\n{rest}", "a.yaml", "a"))


def travelled(asked: Timeline, end: int, begin: int = 1) -> Matrix:
    """All motion from frame `begin` - 1 to frame `end` - 1."""
    total = np.eye(3)
    for index in range(begin, end):
        spec = asked.at(index)
        total = motion_matrix(spec.transforms, spec.size, spec.center) @ total
    return total


def pixels_apart(a: Matrix, b: Matrix) -> float:
    corners = np.array([[x, y, 1.0] for x in (0, SIZE[0] - 1) for y in (0, SIZE[1] - 1)]).T
    return float(np.abs((a - b) @ corners).max())


def path(text: str, times: Array) -> Array:
    """The three coordinates of the path, (3, N)."""
    found = {line.name: line for line in chart.lines(read_schedule(text, "a.yaml", "a"))}
    return np.stack([found[f"shake {name}"].sample(times) for name in ("x", "y", "turn")])


@pytest.mark.parametrize("speed", [0.5, 2, 5])
def test_no_swing_is_faster_than_the_speed(speed: float) -> None:
    """A loop's spectrum is exact: everything lies in whole numbers of swings per loop."""
    text = f"output: {{length: 16s}}\nprompts: red\nmotion: {{shake: {{speed: {speed}}}}}\n{LOOP}"
    waves = np.abs(np.fft.rfft(path(text, np.arange(1024) / 64))) ** 2
    frequencies = np.fft.rfftfreq(1024, 1 / 64)
    inside = (frequencies <= speed) & (frequencies > 0)
    assert waves[:, ~inside].sum() < 1e-20 * waves.sum()
    octaves = [waves[:, (frequencies > speed / 2**n) & (frequencies <= speed / 2 ** (n - 1))].sum() for n in (1, 2, 3)]
    assert min(octaves) > 0.1 * waves.sum()


@pytest.mark.parametrize("loop", ["", "loop: {blend: 2s}\n"])
def test_the_amount_is_the_standard_deviation(loop: str) -> None:
    text = f"output: {{length: 600s, fps: 1}}\nprompts: red\nmotion: {{shake: {{amount: 3%}}}}\n{loop}"
    spread = path(text, np.arange(60_000) / 100).std(axis=1)
    assert spread == pytest.approx([0.03, 0.03, np.degrees(0.015)], rel=0.02)


def test_a_loop_returns_to_where_it_was() -> None:
    asked = timeline("{amount: 5%, speed: '2 + sin(tau*t/4)'}", rest=LOOP)
    assert pixels_apart(travelled(asked, 49), np.eye(3)) < 1e-9
    assert pixels_apart(travelled(asked, 24), np.eye(3)) > 1
    assert asked.at(50).transforms == asked.at(2).transforms
    open_end = timeline("{amount: 5%, speed: 2}")
    assert pixels_apart(travelled(open_end, 48), np.eye(3)) > 1


def test_a_loop_shorter_than_a_swing_is_one_swing() -> None:
    text = f"output: {{length: 4s}}\nprompts: red\nmotion: {{shake: {{speed: 0.1}}}}\n{LOOP}"
    waves = np.abs(np.fft.rfft(path(text, np.arange(64) / 16))) ** 2
    assert waves[:, 1].sum() == pytest.approx(waves.sum())


@pytest.mark.parametrize("rest", ["", LOOP])
@pytest.mark.parametrize("shake", ["{amount: 5%}", "{amount: {0: 0, 3s: 4%}, speed: {0: 1, end: 5}}"])
def test_another_frame_rate_shows_the_same_path(shake: str, rest: str) -> None:
    slow, fast = (travelled(timeline(shake, fps, rest=rest), 2 * fps + 1) for fps in (12, 30))
    assert pixels_apart(slow, fast) < 1e-6
    assert pixels_apart(slow, np.eye(3)) > 1


def test_it_adds_to_the_other_motion() -> None:
    text = "output: {length: 1s}\nprompts: red\nmotion: {pan_x: 12%/s, zoom: 1.1/s"
    plain, shaken, alone = (
        Timeline(read_schedule(written, "a.yaml", "a")).at(5).transforms
        for written in (text + "}", text + ", shake: {}}", "output: {length: 1s}\nprompts: red\nmotion: {shake: {}}")
    )
    assert shaken.keys() == {"pan_x", "pan_y", "rotate", "zoom"}
    assert shaken["pan_x"] == pytest.approx(plain["pan_x"] + alone["pan_x"])
    assert shaken["zoom"] == plain["zoom"]


def test_the_seed_is_that_of_the_video_unless_it_has_its_own() -> None:
    moved = [
        timeline(shake, seed=seed).at(7).transforms
        for shake, seed in (("{}", 3), ("{}", 4), ("{seed: 4}", 3), ("{seed: 5}", 3))
    ]
    assert moved[1] == moved[2]
    assert len({found["pan_x"] for found in moved}) == 3


def test_shots_have_their_own_shake_and_a_cut_does_not_move() -> None:
    text = """
output: {size: [256, 144], fps: 12}
prompts: red
shots:
- {length: 1s, motion: {shake: {amount: 2%, seed: 1}}}
- {length: 1s}
- {length: 1s, start: carry, motion: {shake: {amount: 2%, seed: 2}}}
- {length: 1s, start: carry, motion: {shake: {amount: 2%, seed: 2}}}
"""
    asked = Timeline(read_schedule(text, "a.yaml", "a"))
    assert asked.at(5).transforms
    assert all(not asked.at(index).transforms for index in range(12, 24))
    assert all(asked.at(index).transforms for index in range(24, 48))
    largest = max(abs(asked.at(index).transforms["pan_x"]) for index in range(25, 48))
    assert largest < 0.03  # the path continues from shot to shot


@pytest.mark.parametrize(
    ("shake", "message"),
    [
        ("5", "2:17: motion.shake: expected a map with amount, speed, seed, got '5'"),
        ("{amount: 2/s}", "motion.shake.amount: expected a share such as 0.5 or 50%, from 0% to 100%"),
        ("{amount: 120%}", "motion.shake.amount: expected a share such as 0.5 or 50%, from 0% to 100%"),
        (
            "{amount: sin(t)}",
            "motion.shake.amount: expected a share such as 0.5 or 50%, from 0% to 100%, got -0.99999 at frame 132",
        ),
        ("{speed: -1}", "motion.shake.speed: expected a number from 0 to 100"),
        (
            "{speed: '3 - t'}",
            "motion.shake.speed: expected a number from 0 to 100, got -8.91667 at frame 143 (11.92 s)",
        ),
        ("{sped: 1}", "motion.shake.sped: unknown key; did you mean 'speed'?"),
        ("{speed: 'abs(sin(24*pi*t)) + 1/(t - 0.0208333)'}", "motion.shake.speed: "),
    ],
)
def test_what_is_wrong_is_reported_with_its_place(shake: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        read_schedule(f"prompts: red\nmotion: {{shake: {shake}}}", "a.yaml", "a")
    assert message in str(caught.value)


def test_the_border_and_the_centre_have_an_effect() -> None:
    found = read_schedule("prompts: red\nmotion: {shake: {}, center: [0.2, 0.2], border: wrap}", "a.yaml", "a")
    assert found.warnings == ()
