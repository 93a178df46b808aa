"""Loops: curves that close, frames that blend past the end, and no visible seam."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.hashes import chain
from pipeline.run.run import Run, RunOptions
from pipeline.run.verify import Verification
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.loop import blend_weights, order
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError
from render.renderer.renderer import Renderer
from tests.pipeline.optical_flow import played, seam
from tests.runs import completes

HEAD = "models: {latent: pixels, perceptors: [toy]}\nrefine: {steps: 3, first_frame: 6, cutouts: 2, lr: 0.5}\n"
TEXT = (
    HEAD
    + "prompts: {0s: red, 1.5s: blue, end: red}\n"
    + "output: {size: [32, 24], fps: 8, length: 3s, seed: 3}\nmotion: {zoom: 1.1}\n"
)
LOOP = "loop: {blend: 1s}\n"


def read(text: str) -> Schedule:
    return read_schedule(text, "a.yaml", "a")


def reported(text: str) -> str:
    with pytest.raises(ScheduleError) as caught:
        read(text)
    return str(caught.value)


def test_a_loop_must_be_longer_than_its_blend() -> None:
    said = "a.yaml:3:15: loop.blend: expected from 2 frames to half of the video's 3 s, got"
    assert reported("prompts: a\noutput: {length: 3s}\nloop: {blend: 2s}") == (
        f"{said} 2 s: a loop must be longer than its blend"
    )
    assert reported("prompts: a\noutput: {length: 3s}\nloop: {blend: 1}").startswith(said)


@pytest.mark.parametrize(
    ("loop", "said"),
    [
        (
            "{blend: 1s, boomerang: true}",
            "blend and boomerang are alternative ways to close a loop; remove one of them",
        ),
        ("forever", "expected boomerang, or a map such as {blend: 2s}, got 'forever'"),
        ("{blend: soon}", "loop.blend: expected a duration such as 2s, got 'soon'"),
        ("{blnd: 1s}", "unknown key; did you mean 'blend'?"),
    ],
)
def test_a_mistake_is_reported(loop: str, said: str) -> None:
    assert said in reported(f"prompts: a\nloop: {loop}")


def test_an_open_curve_is_reported() -> None:
    text = (
        "output: {length: 4s}\nloop: {blend: 1s}\nprompts: {0s: a, end: b}\n"
        "motion: {zoom: {0: 1.1, end: 1.3}, rotate: '3*sin(tau*t/4)', pan_x: 'noise(t)', pan_y: t}\n"
        "losses: {smooth: 'sin(t)'}"
    )
    assert sorted(warning.message for warning in read(text).warnings) == [
        f"{name} starts at {start} but ends at {end}, so the loop jumps"
        for name, start, end in (
            ("pan_y", 0, 0.04),
            ("smooth loss", 0, -0.7568),
            ("the weight of 'a'", 1, 0),
            ("the weight of 'b'", 0, 1),
            ("zoom", 1.1, 1.3),
        )
    ]


def test_noise_closes_and_changes_only_within_the_blend() -> None:
    closed, plain = (
        read(f"prompts: a\noutput: {{length: 6s}}\nmotion: {{rotate: 5*noise(2*t)}}\n{loop}").motion.rates["rotate"]
        for loop in ("loop: {blend: 2s}", "")
    )
    times = np.linspace(0, 6, 601)
    values, raw = closed.sample(times), plain.sample(times)
    assert values[-1] == pytest.approx(values[0], abs=1e-9)
    np.testing.assert_array_equal(values[:400], raw[:400])
    slope = np.gradient(values, times)
    assert slope[-1] == pytest.approx(slope[0], abs=0.5)
    assert np.abs(np.diff(values)).max() < 2 * np.abs(np.diff(raw)).max()


@pytest.mark.parametrize("count", [2, 3, 12, 48])
def test_the_blend_weights_rise_from_0_to_1(count: int) -> None:
    gone = blend_weights(count)
    assert (gone[0], gone[-1]) == (0, 1)
    assert (np.diff(gone) > 0).all()
    np.testing.assert_allclose(gone + gone[::-1], 1, atol=1e-12)


def test_every_frame_is_shown_once() -> None:
    assert order(10, 3, False) == [7, 8, 9, 3, 4, 5, 6]
    assert order(5, 0, True) == [0, 1, 2, 3, 4, 3, 2, 1]
    assert order(4, 0, False) == [0, 1, 2, 3]


def test_frames_past_the_end_have_the_times_of_the_beginning() -> None:
    plain, looped = list(Timeline(read(TEXT))), list(Timeline(read(TEXT + LOOP)))
    assert looped[:24] == plain
    assert len(looped) == 32
    assert looped[24] == dataclasses.replace(plain[0], index=24, num_steps=3, transforms=looped[24].transforms)
    assert looped[24].transforms == pytest.approx(plain[1].transforms)
    for index in range(25, 32):
        assert looped[index].lead is not None
        assert dataclasses.replace(looped[index], index=index - 24, lead=None) == plain[index - 24]
    assert [spec.lead[0] for spec in looped if spec.lead] == list(range(7))


def test_a_loop_does_not_change_the_hashes_of_frames_before_its_end() -> None:
    plain, looped = (chain(Timeline(read(text)), {}) for text in (TEXT, TEXT + LOOP))
    assert looped[:24] == plain
    assert len({*looped}) == 32
    assert chain(Timeline(read(TEXT + "loop: {blend: 4}")), {})[25:] != looped[25:28]


@pytest.fixture
def run_it(tmp_path: Path, renderer: Renderer) -> Callable[..., RunFolder]:
    def render(text: str, name: str = "a", stop_after: int | None = None) -> RunFolder:
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        origin = Origin(file=str(path))
        schedule = load_origin(origin)
        folder = RunFolder(tmp_path / "out" / name)
        asked = iter(range(1_000))
        completes(
            Run(schedule, origin, folder, RunOptions()),
            lambda warn: renderer,
            stop=lambda: stop_after is not None and next(asked) >= stop_after,
        )
        return folder

    return render


def shown(video: Path) -> NDArray[np.float64]:
    return np.array(played(video)).astype(np.float64)


def test_the_last_frame_leads_into_the_first(run_it: Callable[..., RunFolder]) -> None:
    folder = run_it(TEXT + LOOP)
    frames = shown(folder.video)
    assert len(frames) == 24
    np.testing.assert_array_equal(folder.frames.read(31), folder.frames.read(7))
    assert seam(frames) <= 1.2
    assert seam(shown(run_it(TEXT, "plain").video)) > 2


def test_a_rendered_video_becomes_a_loop_by_rendering_its_end_alone(run_it: Callable[..., RunFolder]) -> None:
    whole = run_it(TEXT + LOOP, "whole")
    folder = run_it(TEXT)
    before = {index: folder.frames.path(index).stat().st_mtime_ns for index in folder.frames.present()}
    folder = run_it(TEXT + LOOP)
    assert [folder.frames.path(index).stat().st_mtime_ns for index in range(24)] == list(before.values())
    for index in range(32):
        np.testing.assert_array_equal(folder.frames.read(index), whole.frames.read(index))


@pytest.mark.parametrize("stop_after", [3, 24, 27])
def test_a_stopped_loop_continues_with_the_same_frames(run_it: Callable[..., RunFolder], stop_after: int) -> None:
    whole = run_it(TEXT + LOOP, "whole")
    run_it(TEXT + LOOP, stop_after=stop_after)
    folder = run_it(TEXT + LOOP)
    for index in range(32):
        np.testing.assert_array_equal(folder.frames.read(index), whole.frames.read(index))
    assert list(Verification(folder).damaged()) == []


def test_a_boomerang_is_as_smooth_and_renders_nothing_more(run_it: Callable[..., RunFolder]) -> None:
    folder = run_it(TEXT + "loop: boomerang")
    assert folder.frames.present() == list(range(24))
    frames = shown(folder.video)
    assert len(frames) == 46
    assert np.abs(frames[1:23] - frames[:23:-1]).mean() < 3
    assert seam(frames) < 1.5
