"""Schedules refined as one batch: each folder is as if rendered alone, whatever happens to the others."""

import errno
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from pipeline.run.events import Event, Failed, Finished, FrameDone, Interrupted, Started, Warned
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.frames import FrameFolder
from pipeline.run.interrupt import INTERRUPTED
from pipeline.run.run import RunOptions
from pipeline.run.session.grouping import groups
from pipeline.run.session.requests import RunRequest
from pipeline.run.session.session import Session, render_all, run_of
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.renderer.loading.located_models import LocatedModels
from render.renderer.renderer import Renderer, Scorer
from tests.shots import SHOTS

CPU = torch.device("cpu")


def toy(title: str, length: int = 12, prompts: str = "{0: red, 7: red, 11: blue}") -> Schedule:
    text = f"""
title: {title}
output: {{size: [32, 24], fps: 8, length: {length}, seed: {len(title)}}}
models: {{latent: pixels, perceptors: [toy]}}
prompts: {prompts}
motion: {{zoom: 1.2/s}}
refine: {{steps: 2, first_frame: 4, cutouts: 2}}
"""
    return read_schedule(text, f"{title}.yaml", title)


ONE, TWO, THREE = toy("one"), toy("twice", length=5, prompts="green"), toy("three", prompts="fog")


NAMES = ("shots 0:12", "shots 12:19", "shots 19:27", "shots")


class Counting(Pixels):
    """Records how many pictures each step refined."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def decode(self, latent: Tensor) -> Tensor:
        if torch.is_grad_enabled() and not isinstance(latent, FakeTensor):
            self.batches.append(len(latent))
        return super().decode(latent)


@pytest.fixture
def pixels(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """The latent model that all schedules of a test use."""
    counting = Counting()
    renderer = Renderer(counting, [Scorer(perceptor=Toy(CPU))], CPU)
    monkeypatch.setattr(LocatedModels, "load", lambda models, device: renderer)
    return counting


@pytest.fixture(autouse=True)
def small_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes contact sheets small, because they take more time than the toy's frames."""
    monkeypatch.setattr("pipeline.run.delivery.sheet.WIDTH", 32)


class Listener:
    """A reporter that records events and can act on one."""

    def __init__(self, at: Callable[[Event], None] = lambda event: None) -> None:
        self.events: list[Event] = []
        self.notes: list[str] = []
        self._at = at

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self._at(event)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def downloaded(self, name: str, done: int, total: int | None) -> None: ...

    def close(self) -> None: ...

    def of(self, title: str) -> list[type[Event]]:
        return [type(event) for event in self.events if event.schedule == title]


def render(schedules: list[Schedule], out: Path, at_once: int | None, listener: Listener | None = None) -> int:
    jobs = [RunRequest(schedule=schedule, folder=out / schedule.title) for schedule in schedules]
    return render_all(jobs, Session("cpu"), RunOptions(), listener or Listener(), at_once)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the same schedules, rendered one by one."""
    out = tmp_path_factory.mktemp("single")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.run.delivery.sheet.WIDTH", 32)
        assert render([ONE, TWO, THREE], out, 1) == 0
    return out


def assert_like_single(out: Path, single: Path, schedules: list[Schedule]) -> None:
    """The same hashes and similarity; pictures equal up to rounding, which Adam amplifies when gradients are small."""
    for schedule in schedules:
        mine, wanted = RunFolder(out / schedule.title), RunFolder(single / schedule.title)
        assert mine.video.is_file()
        for index in range(schedule.output.num_frames):
            difference = np.abs(mine.frames.read(index).astype(int) - wanted.frames.read(index))
            assert difference.mean() < 0.02
            assert difference.max() <= (1 if index == 0 else 3)
            ours, theirs = mine.frames.record(index), wanted.frames.record(index)
            assert ours is not None
            assert theirs is not None
            assert ours.hash == theirs.hash
            assert ours.similarity == pytest.approx(theirs.similarity, abs=1e-4)
        last = schedule.output.num_frames - 1
        state, expected = (load_file(folder.states(schedule).path(last)) for folder in (mine, wanted))
        assert state.keys() == expected.keys()
        for name in ("image", "latent", "optimizer.step"):
            assert np.abs(state[name] - expected[name]).mean() < 1e-4, name


@pytest.mark.parametrize("at_once", [2, 3, 8])
def test_videos_equal_those_of_single_runs(at_once: int, tmp_path: Path, single: Path, pixels: Counting) -> None:
    """12, 5 and 12 frames: the second one finishes first, and its place is filled or left empty."""
    listener = Listener()
    assert render([ONE, TWO, THREE], tmp_path, at_once, listener) == 0
    assert_like_single(tmp_path, single, [ONE, TWO, THREE])
    assert sum(pixels.batches) == 26 + 12 + 26
    assert pixels.batches[:2] == [min(at_once, 3)] * 2
    for schedule in (ONE, TWO, THREE):
        assert listener.of(schedule.title) == [Started, *[FrameDone] * schedule.output.num_frames, Finished]


def test_a_failing_run_does_not_affect_the_others(
    tmp_path: Path, single: Path, pixels: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one's disk fails halfway."""
    write = FrameFolder.write

    def failing(frames: FrameFolder, index: int, *what: Any) -> None:
        if (frames.folder.parent.name, index) == ("twice", 3):
            raise OSError(errno.EIO, "Input/output error")
        write(frames, index, *what)

    monkeypatch.setattr(FrameFolder, "write", failing)
    listener = Listener()
    assert render([ONE, TWO, THREE], tmp_path, 3, listener) == 1
    assert listener.of("twice")[-1] is Failed
    assert_like_single(tmp_path, single, [ONE, THREE])
    assert set(pixels.batches) == {3, 2}


def test_the_batch_size_is_measured_only_if_there_is_enough_work(
    tmp_path: Path, single: Path, pixels: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 64 steps in total, 12 for a measurement are too many; the decision is reported in one line."""
    listener = Listener()
    assert render([ONE, TWO, THREE], tmp_path / "few", None, listener) == 0
    assert listener.notes == [
        "lockstep: 64 steps in total are too few to measure which number is fastest; refining 1 at once"
    ]
    assert set(pixels.batches) == {1}
    assert sum(pixels.batches) == 64
    monkeypatch.setattr("pipeline.run.session.grouping.MIN_WORK", 5)
    assert render([ONE, TWO, THREE], tmp_path / "many", None, listener) == 0
    assert_like_single(tmp_path / "many", single, [ONE, TWO, THREE])
    _, note = listener.notes
    assert re.fullmatch(r"lockstep: a step of a picture takes \S+ s alone, \S+ s for 2 at once.*: \d at once", note)
    assert render([ONE, TWO, THREE], tmp_path / "many", None, listener) == 0
    assert len(listener.notes) == 2  # there was nothing to do


def test_an_interruption_ends_all_runs_after_their_frames_and_starts_none(
    tmp_path: Path, single: Path, pixels: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, FrameDone) and (event.schedule, event.index) == ("one", 6):
            signal.raise_signal(signal.SIGINT)

    listener = Listener(interrupt)
    assert render([ONE, THREE, TWO], tmp_path, 2, listener) == INTERRUPTED
    done = listener.of("one").count(FrameDone)
    assert listener.of("one") == [Started, *[FrameDone] * done, Interrupted]
    assert 7 <= done < 12
    assert listener.of("three")[-1] is Interrupted
    assert listener.of("twice") == []
    assert not (tmp_path / "twice" / "frames").exists()
    again = Listener()
    assert render([ONE, THREE, TWO], tmp_path, 2, again) == 0
    assert_like_single(tmp_path, single, [ONE, TWO, THREE])
    assert again.of("one") == [Started, *[FrameDone] * (12 - done), Finished]


def test_continuing_a_lockstep_run_alone_gives_a_warning(tmp_path: Path, single: Path, pixels: Counting) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, FrameDone) and (event.schedule, event.index) == ("one", 3):
            signal.raise_signal(signal.SIGINT)

    assert render([ONE, THREE], tmp_path, 2, Listener(interrupt)) == INTERRUPTED
    listener = Listener()
    assert render([ONE], tmp_path, 1, listener) == 0
    (warning,) = [event.message for event in listener.events if isinstance(event, Warned)]
    assert "started on " in warning
    assert ", in lockstep, continued on " in warning
    assert warning.endswith("frames differ slightly, and more over time")
    assert_like_single(tmp_path, single, [ONE])


def test_shots_of_one_schedule_are_refined_together(tmp_path: Path, pixels: Counting) -> None:
    """Three shots start from noise; they mix with another schedule, and again with whatever is left after a stop."""
    shots, other = read_schedule(SHOTS, "shots.yaml", "shots"), toy("twice", length=5, prompts="green")
    assert render([shots, other], tmp_path / "single", 1) == 0
    assert set(pixels.batches) == {1}
    pixels.batches.clear()

    def interrupt(event: Event) -> None:
        if isinstance(event, FrameDone) and (event.schedule, event.index) == ("shots 12:19", 15):
            signal.raise_signal(signal.SIGINT)

    assert render([shots, other], tmp_path / "both", 4, Listener(interrupt)) == INTERRUPTED
    assert pixels.batches[:2] == [4, 4]
    assert not (tmp_path / "both" / "shots" / "video.mp4").exists()
    listener = Listener()
    assert render([shots, other], tmp_path / "both", 4, listener) == 0
    assert_like_single(tmp_path / "both", tmp_path / "single", [shots, other])
    first, second, third, whole = ([e for e in listener.events if e.schedule == name] for name in NAMES)
    assert [type(event) for event in whole] == [Finished]
    assert 0 < whole[0].rendered < 27, "the total over its parts"  # type: ignore[union-attr]
    assert [events[-1].video for events in (first, second, third)] == [None] * 3  # type: ignore[union-attr]
    assert sum(pixels.batches) == 2 * 27 + 3 * 2 + 12, "every step was taken once"


def test_fresh_shots_and_a_failing_shot(tmp_path: Path, pixels: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--fresh` applies to the shots, not to the run that makes the video; if a shot fails, no video is made."""
    job = RunRequest(schedule=read_schedule(SHOTS, "shots.yaml", "shots"), folder=tmp_path)
    for at_once in (1, 2):
        listener = Listener()
        assert render_all([job], Session("cpu"), RunOptions(fresh=True), listener, at_once) == 0
        assert len([event for event in listener.events if isinstance(event, FrameDone)]) == 27
    RunFolder(tmp_path).video.unlink()
    RunFolder(tmp_path).frames.path(13).unlink()
    monkeypatch.setattr(FrameFolder, "write", lambda *what: (_ for _ in ()).throw(OSError(errno.EIO, "gone")))
    listener = Listener()
    assert render_all([job], Session("cpu"), RunOptions(), listener, 3) == 1
    assert listener.of("shots 12:19")[-1] is Failed
    assert listener.of("shots 19:27") == [Finished]
    assert listener.of("shots") == []
    assert not RunFolder(tmp_path).video.exists()


def test_only_schedules_of_the_same_size_and_models_are_grouped(tmp_path: Path) -> None:
    wide = read_schedule(ONE.text.replace("[32, 24]", "[48, 24]"), "wide.yaml", "wide")
    exact = read_schedule(ONE.text.replace("[toy]", "[toy], precision: fp32"), "exact.yaml", "exact")
    runs = [run_of(schedule, tmp_path / schedule.title) for schedule in (ONE, wide, TWO, exact, THREE)]
    assert [[run.schedule.title for run in group] for group in groups(runs)] == [
        ["one", "twice", "three"],
        ["one"],
        ["one"],
    ]
