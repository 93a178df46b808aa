"""A run whose camera drives through rooms: in parts, killed, together with another or whole, it has the same frames."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline import Finished, RunOptions, Session, load_schedule
from tests.integration.test_resume import finish, frame_bytes, kill_after

SCHEDULE = """
output: {size: [64, 32], fps: 8, seed: 5}
models: {latent: pixels, perceptors: [toy]}
prompts: {0: red, 8: blue}
motion: {rotate: 10/s}
camera: {dolly: 0.6/s, truck: 0.3, pan: 20*sin(t)}
refine: {steps: 2, first_frame: 10, cutouts: 4}
shots:
- {length: 8, depth: {from: depth.png, far: 6}}
- {length: 4, start: carry, depth: ground, refine: {cadence: 2}}
- {length: 6, depth: {from: depth.png, near: 2}, refine: {cadence: 3}}
- {length: 4, start: carry}
"""


@pytest.fixture
def schedule(tmp_path: Path) -> Path:
    near = np.full((64, 128), 40, np.uint8)
    near[20:50, 40:70] = 255
    Image.fromarray(near).save(tmp_path / "depth.png")
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
    assert rendered(schedule, tmp_path / "parts", (12, 15), (0, 5), (5, 12), (15, 22)) == whole


def test_a_killed_run_ends_with_the_same_frames(command: str, schedule: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(command, schedule, whole)
    for frames in (3, 9):
        kill_after(command, schedule, killed, frames, 0.03)
    finish(command, schedule, killed)
    assert frame_bytes(killed / "toy") == frame_bytes(whole / "toy")


def test_a_changed_picture_of_depth_is_noticed(schedule: Path, tmp_path: Path) -> None:
    loaded = load_schedule(schedule)
    Image.new("L", (128, 64)).save(tmp_path / "depth.png")
    events = list(Session().events(loaded, tmp_path / "out", RunOptions()))
    assert not isinstance(events[-1], Finished)
    assert "depth.png: has changed since the schedule was read" in str(events[-1])


MODEL = """
output: {size: [64, 32], fps: 8, seed: 5}
models: {latent: pixels, perceptors: [toy]}
prompts: {0: red, 8: blue}
motion: {rotate: 10/s, zoom: 1.1/s}
camera: {dolly: 0.4/s, truck: {0: 0.3, 4: 0, 5: {to: 0.3, ease: hold}}, pan: 20*sin(t)}
depth: {from: "random:midas-small", every: 3, smooth: 0.6}
refine: {steps: 2, first_frame: 10, cutouts: 4}
shots:
- {length: 7}
- {length: 5, start: carry, depth: {from: "random:midas-small", far: 4, every: 2}, refine: {cadence: 3}}
- {length: 4}
"""


@pytest.fixture
def estimating(tmp_path: Path) -> Path:
    path = tmp_path / "model.yaml"
    path.write_text(MODEL)
    return path


def test_a_room_that_a_model_sees_is_the_same_in_any_parts(estimating: Path, tmp_path: Path) -> None:
    whole = rendered(estimating, tmp_path / "whole")
    assert len(whole) == 16
    assert rendered(estimating, tmp_path / "parts", (5, 9), (0, 5), (9, 10), (10, 16)) == whole


def test_a_killed_run_with_a_model_ends_with_the_same_frames(command: str, estimating: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(command, estimating, whole)
    kill_after(command, estimating, killed, 6, 0.03)
    kill_after(command, estimating, killed, 9, 0.03)
    finish(command, estimating, killed)
    assert frame_bytes(killed / "model") == frame_bytes(whole / "model")


def test_two_runs_with_a_model_in_lockstep_are_those_of_each_alone(
    command: str, estimating: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(MODEL.replace("seed: 5", "seed: 6"))
    for path in (estimating, other):
        finish(command, path, tmp_path / "alone")
    finish(command, estimating, tmp_path / "together", str(other), "--lockstep", "2")
    for name in ("model", "other"):
        assert frame_bytes(tmp_path / "together" / name) == frame_bytes(tmp_path / "alone" / name)
