"""A run whose colours are matched to its first frame: in parts, killed, or whole, it has the same frames."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline import Finished, RunOptions, Session, load_schedule
from pipeline.run.folder.states import StateFolder
from tests.integration.test_resume import finish, frame_bytes, kill_after

SCHEDULE = """
output: {size: [32, 32], fps: 8, seed: 5}
models: {latent: pixels, perceptors: [toy]}
prompts: {0: red, 8: blue}
motion: {zoom: 1.2/s}
refine: {steps: 20, first_frame: 20, cutouts: 4}
colour: {match: first, amount: {0: 1, end: 0.3}, palette: [tomato, "#123456", gold, white], lock: true, dither: 0.5}
losses: {palette: 0.2}
shots: [{length: 10}, {length: 4, start: carry}, {length: 8, colour: {method: histogram}}]
"""
KNOWN = {(255, 99, 71), (18, 52, 86), (255, 215, 0), (255, 255, 255)}


@pytest.fixture
def schedule(tmp_path: Path) -> Path:
    path = tmp_path / "toy.yaml"
    path.write_text(SCHEDULE)
    return path


def rendered(schedule: Path, folder: Path, *ranges: tuple[int, int]) -> dict[str, bytes]:
    for frames in ranges or (None,):
        events = list(Session().events(load_schedule(schedule), folder, RunOptions(frames=frames)))
        assert isinstance(events[-1], Finished), events[-1]
    return frame_bytes(folder)


def test_in_any_parts_the_frames_are_the_same(schedule: Path, tmp_path: Path) -> None:
    whole = rendered(schedule, tmp_path / "whole")
    assert len(whole) == 22
    parts = rendered(schedule, tmp_path / "parts", (14, 17), (0, 5), (5, 14), (17, 22))
    assert parts == whole


def test_every_pixel_is_of_the_palette(schedule: Path, tmp_path: Path) -> None:
    rendered(schedule, tmp_path / "out", (0, 3))
    for path in sorted((tmp_path / "out" / "frames").glob("[0-9]*.png")):
        pixels = np.array(Image.open(path).convert("RGB")).reshape(-1, 3)
        assert {tuple(pixel) for pixel in pixels.tolist()} <= KNOWN


def test_a_killed_run_ends_with_the_same_frames(command: str, schedule: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(command, schedule, whole)
    for frames in (3, 4):
        assert kill_after(command, schedule, killed, frames, 0.03)
    finish(command, schedule, killed)
    assert frame_bytes(killed / "toy") == frame_bytes(whole / "toy")


def test_a_state_has_the_statistics_of_the_first_frame(schedule: Path, tmp_path: Path) -> None:
    import torch

    rendered(schedule, tmp_path / "out", (0, 5))
    states = StateFolder(tmp_path / "out" / "state", 8)
    kept = [states.load(index, torch.device("cpu")) for index in states.kept()]
    assert len(kept) >= 2
    first, *others = [state.colours for state in kept]
    assert first is not None
    assert all(other is not None and torch.equal(other, first) for other in others)
    assert all(state.shown is not None for state in kept)
