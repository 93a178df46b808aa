"""A run that is repeatedly killed without warning ends with the same frames as one that was never killed."""

import random
import re
import subprocess
import time
from pathlib import Path

import imageio_ffmpeg
import pytest
from PIL import Image

from tests.waiting import PATIENCE

FRAMES = 24
PANNED = "testsrc2=s=96x64:r=8,crop=48:48:2*n:8"  # a clip
FLOW = "{video: clip.mp4, amount: 0.8, smooth: 3%}"
MOTION = "zoom: 1.2/s, rotate: 5/s"
SCHEDULE = f"""
output: {{size: [32, 32], fps: 8, length: {FRAMES}, seed: 5}}
models: {{latent: pixels, perceptors: [toy]}}
prompts: {{0: red, 12: blue, 23: green}}
motion: {{{MOTION}}}
refine: {{steps: 30, first_frame: 30, cutouts: 4}}
"""


KINDS = {  # what a frame can depend on: the one before; files and what lies beside it; the one after and all motion
    "plain": SCHEDULE,
    "pictures": f"""{SCHEDULE.replace(MOTION, "zoom: 0.5/s, border: paint")}
start: {{image: first.png, strength: 0.5}}
guides: {{1s: {{image: last.png, weight: 0.5}}, end: {{image: last.png}}}}
""",
    "regions": SCHEDULE.replace("cutouts: 4", "cutouts: 4, cadence: 3")
    .replace(MOTION, f"shake: {{}}, {MOTION}")
    .replace(
        "prompts: {0: red, 12: blue, 23: green}",
        """
noise: {amount: 0.1, variation: {seed: 9, amount: 4*progress}}
prompts:
  - {text: red, region: {box: [0, 0, {0: 30%, end: 70%}, 1], feather: 10%, moves: true}}
  - {text: blue, region: {circle: [70%, 50%, 30%]}}
losses: {smooth: {weight: 0.5, region: {linear: [0, 0, 0, 1]}}}
keep: {region: {circle: [20%, 20%, 20%]}}
""",
    ),
    "source": f"""{SCHEDULE.replace("cutouts: 4", "cutouts: 4, cadence: 2").replace("rotate", "shake: {}, rotate")}
source: {{video: clip.mp4, speed: {{0: 0.5, end: 2}}, end: bounce, mix: {{0: 0.5, end: 0.9}}}}
losses: {{temporal: 2}}
colour: {{match: source}}
keep: {{region: {{circle: [20%, 20%, 20%]}}, amount: 0.5}}
noise: {{amount: 0.1, variation: {{seed: 9, amount: 4*progress}}}}
""",
    "flow": f"""{SCHEDULE.replace(MOTION, f"{MOTION}, border: paint, flow: {FLOW}")}
losses: {{temporal: 2}}
""",
}


@pytest.fixture
def schedule(tmp_path: Path) -> Path:
    path = tmp_path / "toy.yaml"
    path.write_text(SCHEDULE)
    for name, colour in (("first", "orange"), ("last", "navy")):
        Image.new("RGB", (40, 30), colour).save(tmp_path / f"{name}.png")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", PANNED, "-frames:v", "20"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", str(tmp_path / "clip.mp4")], check=True, timeout=PATIENCE)
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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kills", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_killed_at_random_moments_equals_uninterrupted(
    command: str, schedule: Path, tmp_path: Path, kills: int, kind: str
) -> None:
    schedule.write_text(KINDS[kind])
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(command, schedule, whole)
    chance = random.Random(2)
    done = []
    for _ in range(kills):
        assert kill_after(command, schedule, killed, chance.randint(1, 5), chance.uniform(0.0, 0.08))
        kept = frame_bytes(killed / "toy")
        assert kept.items() <= frame_bytes(whole / "toy").items()
        done.append(len(kept))
    assert done == sorted(done), "no attempt may lose frames"
    assert done[-1] < FRAMES

    output = finish(command, schedule, killed)
    resumed = re.search(r"resuming: (\d+) frames? reused", output)
    assert resumed is not None
    # from the last state, of which there is one a second; one more if the kill came between a state and its frame
    assert 1 <= int(resumed[1]) <= done[-1] + 1
    assert len(frame_bytes(killed / "toy")) == FRAMES
    assert frame_bytes(killed / "toy") == frame_bytes(whole / "toy")
    assert (killed / "toy" / "video.mp4").read_bytes() == (whole / "toy" / "video.mp4").read_bytes()
    left = [path.name for path in (killed / "toy").rglob(".*") if path.name != ".lock"]
    assert left == [], "half-written files must be overwritten or deleted"
