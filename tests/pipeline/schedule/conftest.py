"""Small clips for schedules to name, made by the bundled ffmpeg."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a clip of (name, rate, frames) and return its path; every clip once."""
    folder = tmp_path_factory.mktemp("clips")

    def make(name: str, rate: str = "12", frames: int = 24, size: str = "64x48", sound: bool = False) -> Path:
        path = folder / f"{rate.replace('/', '-')}-{frames}-{size}-{sound}" / name
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = ["-f", "lavfi", "-i", "sine=r=8000", "-shortest"] if sound else []
            picture = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}"]
            command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *picture, *noise, "-frames:v", str(frames)]
            subprocess.run([*command, "-pix_fmt", "yuv420p", str(path)], check=True, timeout=60)
        return path

    return make


@pytest.fixture
def folder(tmp_path: Path, clips: Callable[..., Path]) -> Path:
    """A schedule's folder with `clip.mp4`, 24 pictures of 64×48 at 12 per second, and `photo.png`, 80×40."""
    from PIL import Image

    (tmp_path / "clip.mp4").write_bytes(clips("clip.mp4").read_bytes())
    Image.linear_gradient("L").resize((80, 40)).convert("RGB").save(tmp_path / "photo.png")
    return tmp_path
