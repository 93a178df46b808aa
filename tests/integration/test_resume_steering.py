"""A killed run with stops, symmetry, weights of perceptors and a latent model that change has the same frames."""

from pathlib import Path

from tests.integration.test_resume import FRAMES, finish, frame_bytes, kill_after

SCHEDULE = f"""
output: {{size: [32, 32], fps: 8}}
models: {{latent: pixels, perceptors: [toy, {{model: toy, weight: {{0: 0, 11: 2}}}}]}}
prompts: [{{text: red, stop: {{0: 0.2, end: 0.8}}}}, {{text: fog, weight: -0.3, stop: 0.1}}]
motion: {{zoom: 1.2/s}}
losses: {{symmetry_x: 2, symmetry_y: {{0: 0, end: 1}}, symmetry_radial: 1}}
refine: {{steps: 12, first_frame: 30, cutouts: 4}}
shots:
  - {{length: {FRAMES // 2}}}
  - {{length: {FRAMES - FRAMES // 2}, start: carry, models: {{latent: embedded, perceptors: [toy]}}}}
"""


def test_a_killed_run_equals_an_uninterrupted_one(command: str, tmp_path: Path) -> None:
    schedule = tmp_path / "toy.yaml"
    schedule.write_text(SCHEDULE)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(command, schedule, whole)
    for frames in (3, FRAMES // 2):  # the second time after the change of models
        assert kill_after(command, schedule, killed, frames, 0.02)
    assert len(frame_bytes(killed / "toy")) < FRAMES
    finish(command, schedule, killed)
    assert len(frame_bytes(killed / "toy")) == FRAMES
    assert frame_bytes(killed / "toy") == frame_bytes(whole / "toy")
