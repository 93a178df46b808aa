"""A run that is repeatedly killed without warning ends with the same frames as one that was never killed."""

import random
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.waiting import PATIENCE

FRAMES = 24
SCHEDULE = f"""
output: {{size: [32, 32], fps: 8, length: {FRAMES}, seed: 5}}
models: {{latent: pixels, perceptors: [toy]}}
prompts: {{0: red, 12: blue, 23: green}}
motion: {{zoom: 1.2/s, rotate: 5/s}}
refine: {{steps: 30, first_frame: 30, cutouts: 4}}
"""


@pytest.fixture
def schedule(tmp_path: Path) -> Path:
    path = tmp_path / "toy.yaml"
    path.write_text(SCHEDULE)
    return path


def frame_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "frames").glob("[0-9]*.png"))}


def kill_after(command: str, schedule: Path, out: Path, num_frames: int, seconds: float) -> bool:
    """Start the run and kill it `seconds` after `num_frames` frames; False if it ended before the kill."""
    process = subprocess.Popen(
        [command, str(schedule), "--out", str(out), "--json"], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert process.stdout is not None
    for line in process.stdout:
        num_frames -= '"event": "frame"' in line
        if num_frames <= 0:
            break
    time.sleep(seconds)
    process.kill()
    process.stdout.close()
    return process.wait() < 0


def finish(command: str, schedule: Path, out: Path) -> str:
    """Run to the end and return what was printed on standard output."""
    done = subprocess.run(
        [command, str(schedule), "--out", str(out)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


REGIONS = SCHEDULE.replace(
    "prompts: {0: red, 12: blue, 23: green}",
    "prompts:\n"
    "  - {text: red, region: {box: [0, 0, {0: 30%, end: 70%}, 1], feather: 10%, moves: true}}\n"
    "  - {text: blue, region: {circle: [70%, 50%, 30%]}}\n"
    "losses: {smooth: {weight: 0.5, region: {linear: [0, 0, 0, 1]}}}\n"
    "keep: {region: {circle: [20%, 20%, 20%]}}",
)


def test_a_run_with_regions_and_what_is_kept_resumes(command: str, schedule: Path, tmp_path: Path) -> None:
    """The motion that regions have had since the last cut is in no state: it follows from the schedule."""
    schedule.write_text(REGIONS)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(command, schedule, whole)
    assert kill_after(command, schedule, killed, 9, 0.0)
    assert 9 <= len(frame_bytes(killed / "toy")) < FRAMES
    finish(command, schedule, killed)
    assert frame_bytes(killed / "toy") == frame_bytes(whole / "toy")


@pytest.mark.parametrize("kills", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_killed_at_random_moments_equals_uninterrupted(
    command: str, schedule: Path, tmp_path: Path, kills: int
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(command, schedule, whole)
    chance = random.Random(2)
    done = []
    for _ in range(kills):
        assert kill_after(command, schedule, killed, chance.randint(1, 5), chance.uniform(0.0, 0.08))
        kept = frame_bytes(killed / "toy")
        assert kept.items() <= frame_bytes(whole / "toy").items()
        done.append(len(kept))
    assert done == sorted(set(done)), "every attempt must add frames"
    assert done[-1] < FRAMES

    output = finish(command, schedule, killed)
    # one more if the kill came between the last state and its frame
    assert any(re.search(rf"resuming: {count} frames? reused", output) for count in (done[-1], done[-1] + 1))
    assert len(frame_bytes(killed / "toy")) == FRAMES
    assert frame_bytes(killed / "toy") == frame_bytes(whole / "toy")
    assert (killed / "toy" / "video.mp4").read_bytes() == (whole / "toy" / "video.mp4").read_bytes()
    left = [path.name for path in (killed / "toy").rglob(".*") if path.name != ".lock"]
    assert left == [], "half-written files must be overwritten or deleted"
