"""After which frames a state is written, by a clock that the tests move."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch

from pipeline.run.folder.frames import FrameFolder
from pipeline.run.folder.states import StateFolder
from pipeline.run.folder.writer import Writer
from pipeline.run.frame_events import Written
from pipeline.run.handover import Handover, StatePace
from pipeline.run.plan import Stretch
from pipeline.run.rendered import RenderedFrames
from render.renderer.state import FrameState

FRAMES = 96


class Clock:
    """Time in seconds; it only passes when a test adds some."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def stretch(begin: int, end: int, shot: int = 0) -> Stretch:
    return Stretch(shot=shot, after=begin, states=(), missing=tuple(range(begin, end)))


def chosen(seconds: float, part: Stretch, every: int = FRAMES) -> list[int]:
    """The frames whose states are written if each takes as long and the folder keeps one of `every`."""
    clock = Clock()
    pace, found = StatePace(lambda index: not (index + 1) % every, clock), []
    for index in range(part.after, part.end):
        clock.now += seconds
        if pace.chooses(index, part):
            found.append(index)
    return found


@pytest.mark.parametrize("seconds", [0.55, 1.0, 30.0])
def test_slow_frames_each_get_a_state(seconds: float) -> None:
    assert chosen(seconds, stretch(0, 12)) == list(range(12))


def test_fast_frames_get_one_about_every_second() -> None:
    assert chosen(1 / 16, stretch(0, FRAMES)) == [0, 16, 32, 48, 64, 80, 94, 95]


def test_those_that_are_kept_count_as_one() -> None:
    """At 32 frames a second of film and of rendering there are no others."""
    assert chosen(1 / 32, stretch(0, FRAMES), every=32) == [0, 31, 63, 94, 95]


def test_the_first_frame_of_a_shot_and_the_last_ones_of_a_stretch_get_one_at_any_speed() -> None:
    assert chosen(0.0, stretch(0, 12)) == [0, 10, 11]
    assert chosen(0.0, stretch(5, 12)) == [10, 11]
    assert chosen(0.0, stretch(5, 12, shot=5)) == [5, 10, 11]


@pytest.mark.parametrize("seconds", [0.003, 0.04, 0.3, 0.7])
def test_a_kill_costs_at_most_a_second(seconds: float) -> None:
    times = [seconds * (index + 1) for index in [-1, *chosen(seconds, stretch(0, 500)), 499]]
    assert max(late - early for early, late in pairwise(times)) < 1.0001


class Folder:
    """A run of frames of a few pixels, none of which takes any time."""

    def __init__(self, path: Path) -> None:
        self.states = StateFolder(path / "state", every=FRAMES)
        self.rendered = RenderedFrames(
            frames=FrameFolder(path / "frames"),
            states=self.states,
            hashes=["ab"] * FRAMES,
            overwrites=lambda index: False,
            first=0,
        )

    def render(self, count: int, *, last: float = 0.5) -> None:
        """Render `count` of 96 frames, the last with pictures of this value, and end early."""
        with Writer[Written]() as writer:
            handover = Handover(writer, self.rendered, "here", Clock())
            for index in range(count):
                image = torch.full((1, 3, 4, 4), last if index == count - 1 else 0.5)
                state = FrameState(index=index, image=image, latent=image * 2, similarity=torch.ones(1))
                list(handover.put(state, None, stretch(0, FRAMES), 60.0))
            handover.end_early()


def test_a_run_that_ends_early_saves_its_last_state(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.render(7)
    assert folder.states.kept() == [0, 6]
    assert folder.rendered.frames.present() == list(range(7))


def test_a_state_that_is_there_is_not_saved_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.render(1)
    assert folder.states.kept() == [0]


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
def test_a_state_that_is_not_finite_is_not_saved_in_the_end(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.render(7, last=float("nan"))
    assert folder.states.kept() == [0]
