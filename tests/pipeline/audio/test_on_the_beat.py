"""Visible motion: measured in the pictures, it peaks on the beats of the track."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.run.folder.folder import RunFolder
from pipeline.run.run import Run, RunOptions
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.origin import Origin
from pipeline.schedule.timeline import Timeline
from pipeline.views.preview import motion
from tests.pipeline.optical_flow import flows, played
from tests.runs import completes


@pytest.mark.parametrize("fps", [10, 24])
def test_pictures_move_most_on_the_beats(write: Callable[..., Path], fps: int) -> None:
    """A kick falls on every first and third beat: from 0.5 s on, once a second."""
    text = (
        "music: {file: song.flac, signals: {kick: {band: [40, 120], release: 60ms, threshold: 0.3}}}\n"
        f"output: {{size: [96, 64], fps: {fps}, length: 8s}}\nmotion: {{pan_x: 60*kick, border: wrap}}\n"
    )
    schedule = load_schedule(write(text))
    moved = speeds([pixels for pixels, _ in motion(Timeline(schedule), clouds(96, 64))])
    assert_peaks(moved, fps, np.arange(0.5, 7.5))


@pytest.mark.slow
def test_a_rendered_video_moves_most_on_the_beats(write: Callable[..., Path]) -> None:
    """The embedded models paint what moves; the file is measured as it is played."""
    text = (
        "music: {file: song.flac, bpm: auto, signals: {kick: {band: [40, 120], release: 60ms, threshold: 0.3}}}\n"
        "output: {size: [128, 72], fps: 12, length: 5s, seed: 5}\nrefine: {steps: 2, first_frame: 40}\n"
        "motion: {pan_x: 60*kick, border: wrap}\n"
    )
    path = write(text)
    path.write_text(
        path.read_text().replace("prompts: red\nmodels: {latent: pixels, perceptors: [toy]}", "prompts: a forest")
    )
    schedule = load_schedule(path)
    models = schedule.models.locate(offline=True, progress=lambda *said: None)
    folder = RunFolder(path.with_name("out"))
    run = Run(schedule, Origin(file=str(path)), folder, RunOptions())
    assert completes(run, lambda warn: models.load("cpu"))
    assert schedule.music.beat is not None
    beats = schedule.music.beat.times_of(np.arange(0.0, 8, 2))  # the kick falls on every second one
    assert_peaks(speeds(played(folder.video)), 12, beats)


def clouds(width: int, height: int) -> Tensor:
    """A picture without straight lines, on which flow cannot slip: (1, 3, height, width) in [0, 1]."""
    noise = torch.rand(1, 1, height, width, generator=torch.Generator().manual_seed(0))
    soft = noise
    for _ in range(3):
        soft = torch.nn.functional.avg_pool2d(torch.nn.functional.pad(soft, (2, 2, 2, 2), "circular"), 5, 1)
    return ((soft - soft.min()) / (soft.max() - soft.min())).expand(-1, 3, -1, -1)


def speeds(pictures: list[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """How far every frame has moved from the one before, in pixels."""
    return np.array([0.0, *(np.abs(moved).mean() for moved in flows(pictures))])


def assert_peaks(moved: NDArray[np.float64], fps: int, kicks: NDArray[np.float64]) -> None:
    for kick in kicks:
        near = np.arange(round((kick - 0.3) * fps), round((kick + 0.3) * fps) + 1)
        peak = near[moved[near].argmax()]
        assert abs(peak - round(kick * fps)) <= 1, f"the kick at {kick} s is seen at {peak / fps:.2f} s"
