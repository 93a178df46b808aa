"""A clip that has changed since a run: its frames are stale, told, and rendered again."""

import json
import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from tests.waiting import PATIENCE

TEXT = """
output: {size: [32, 24], fps: 8, length: 4}
models: {latent: pixels, perceptors: [toy]}
prompts: red
source: {video: clip.mp4, mix: 0.5}
refine: {steps: 1, cutouts: 2}
"""


def filmed(path: Path, pattern: str) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "lavfi", "-i", f"{pattern}=s=32x24:r=8:d=1"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", str(path)], check=True, timeout=60)


def test_its_frames_are_stale_and_rendered_again(tmp_path: Path, command: str) -> None:
    pytest.importorskip("cv2")

    def call(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [command, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def rendered() -> list[int]:
        code, said = call("toy.yaml", "--out", "out", "--device", "cpu", "--json")
        assert code == 0, said
        return [json.loads(line)["index"] for line in said.splitlines() if '"event": "frame"' in line]

    (tmp_path / "toy.yaml").write_text(TEXT, encoding="utf-8")
    filmed(tmp_path / "clip.mp4", "testsrc2")
    assert rendered() == [0, 1, 2, 3]
    assert rendered() == []
    assert call("verify", "out/toy")[0] == 0
    before = (tmp_path / "out" / "toy" / "frames" / "000002.png").read_bytes()
    filmed(tmp_path / "clip.mp4", "smptebars")
    assert "stale         4" in call("status", "out/toy")[1]
    code, said = call("verify", "out/toy")
    assert code != 0
    assert "belongs to another schedule" in said
    assert rendered() == [0, 1, 2, 3]
    assert (tmp_path / "out" / "toy" / "frames" / "000002.png").read_bytes() != before
    (tmp_path / "clip.mp4").unlink()
    code, said = call("status", "out/toy")
    assert code == 2
    assert "toy.yaml:5:17: source.video: 'clip.mp4': no such file" in said
    assert "Traceback" not in said
