"""Which frames are refined, and what the specs of these and of those between say."""

import json

import numpy as np
import pytest
import torch

from pipeline.schedule.loader import read_schedule
from pipeline.schedule.over_time.arrivals import Arrivals
from pipeline.schedule.over_time.cadence import Cadence
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError
from render.motion.composed import Motions
from render.motion.displacements.homography import Homography, motion_matrix

OUTPUT = "output: {size: [32, 24], fps: 8, length: 3s, seed: 3}\n"
MOTION = "motion: {zoom: 1.2/s, rotate: {0: 0, end: 40}, pan_x: 5%/s, center: [{0: 0.2, end: 0.8}, 0.5]}\n"


def timeline(cadence: object, rest: str = MOTION) -> Timeline:
    return Timeline(read_schedule(f"{OUTPUT}prompts: red\n{rest}refine: {{cadence: {cadence}}}\n", "a.yaml", "a"))


def keys(asked: Timeline) -> list[int]:
    return [spec.index for spec in asked if spec.key is None]


def test_every_nth_frame_and_the_last_are_refined() -> None:
    assert keys(timeline(1)) == [*range(24)]
    assert keys(timeline(5)) == [0, 5, 10, 15, 20, 23]
    assert keys(timeline(100)) == [0, 23]


def test_with_one_all_specs_are_as_without_it() -> None:
    asked, plain = (
        Timeline(read_schedule(f"{OUTPUT}prompts: red\n{MOTION}{rest}", "a", "a"))
        for rest in ("refine: {cadence: 1.4}\n", "")
    )
    assert [spec.to_json() for spec in asked] == [spec.to_json() for spec in plain]
    assert not {"key", "travelled"} & json.loads(plain.at(3).to_json()).keys()


def test_it_changes_over_time() -> None:
    assert keys(timeline("{0s: 1, 1s: {to: 6, ease: hold}}")) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 23]
    assert keys(timeline("1 + 2*t")) == [0, 1, 2, 4, 6, 8, 11, 15, 20, 23]


def test_no_frame_is_made_across_a_cut() -> None:
    shots = "shots: [{length: 1s}, {length: 1s}, {length: 1s, start: carry, refine: {cadence: 2}}]\n"
    text = f"output: {{size: [32, 24], fps: 8}}\nprompts: red\nrefine: {{cadence: 3}}\n{shots}"
    assert keys(Timeline(read_schedule(text, "a.yaml", "a"))) == [0, 3, 6, 7, 8, 11, 14, 17, 19, 21, 23]


def test_in_a_loop_what_is_blended_is_refined() -> None:
    asked = timeline(4, f"{MOTION}loop: {{blend: 0.5s}}\n")
    assert keys(asked) == [0, 1, 2, 3, 4, 8, 12, 16, 20, 23, 24, 25, 26, 27]
    assert all(not asked.at(index).travelled for index in (23, 24, 25, 26, 27) if index != 23)


@pytest.mark.parametrize("ranges", [[(0, 1)], [(0, 2), (2, 3), (3, 30)]])
def test_a_range_begins_and_ends_with_a_key(ranges: list[tuple[int, int]]) -> None:
    cadence = Cadence(np.full(30, 7.0), ranges, 0)
    for begin, end in ranges:
        assert cadence.next_key(begin) == begin
        assert cadence.next_key(end - 1) == end - 1


def test_a_key_has_the_motion_of_all_frames_since_the_key_before() -> None:
    asked, every = timeline(5), timeline(1)
    total = np.eye(3)
    for index in range(6, 11):
        spec = every.at(index)
        total = motion_matrix(spec.transforms, spec.size, spec.center) @ total
    motion = Motions()(torch.zeros(1, 3, 24, 32), asked.at(10).motions)
    assert isinstance(motion, Homography)
    np.testing.assert_allclose(motion.matrices[0], total, atol=1e-12)
    assert asked.at(7).key == asked.at(9).key == asked.at(10)
    assert asked.at(7).transforms == every.at(7).transforms
    assert (asked.at(7).num_steps, asked.at(10).num_steps) == (0, 3)


def test_noise_is_that_since_the_key_before() -> None:
    noise = "noise: {amount: 0.5, variation: {seed: 9, amount: 4*progress}}\n"
    asked = timeline(6, noise)
    assert asked.at(3).noise is None
    found = asked.at(12).noise
    assert found is not None
    assert found.variation is not None
    assert (found.variation.before, found.variation.share) == ((0.5, 1.0), 2.0)


def test_pictures_arrive_as_they_do_one_frame_after_the_other() -> None:
    text = f"{OUTPUT}prompts: {{0: red, 1s: red, 2s: blue, 2.5s: green}}\nstart: {{prior: bank}}\nguides: auto\n"
    schedule = read_schedule(text, "a.yaml", "a")
    times = np.arange(24) / 8
    arrivals = Arrivals([(prompt, prompt.weight.sample(times)) for prompt in schedule.prompts], [0], 8)
    held = {"old": 1.0}
    for index in range(10, 21):
        added = arrivals.at(index)
        kept = 1 - sum(share for _, share, _ in added)
        held = {name: kept * share for name, share in held.items()}
        for prompt, share, _ in added:
            held[prompt.text] = held.get(prompt.text, 0.0) + share
    together = {prompt.text: share for prompt, share, _ in arrivals.over(range(10, 21))}
    assert together == pytest.approx({name: share for name, share in held.items() if name != "old"})
    assert sum(together.values()) == pytest.approx(1 - held["old"])
    assert arrivals.over([12]) == arrivals.at(12)


@pytest.mark.parametrize("wrong", ["0", "x", "t"])
def test_less_than_one_is_an_error(wrong: str) -> None:
    with pytest.raises(ScheduleError, match=r"a.yaml:3:\d+: refine.cadence: expected a number from 1 to 100"):
        timeline(wrong, "")
