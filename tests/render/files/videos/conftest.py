"""Clips made by real ffmpegs: the bundled one and, where there is one, the system's, which is older."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest

Make = Callable[..., Path]
BUNDLED = imageio_ffmpeg.get_ffmpeg_exe()
FFMPEGS = {"bundled": BUNDLED, **({"system": found} if (found := shutil.which("ffmpeg")) else {})}


def ffmpeg(*arguments: str | Path, program: str = BUNDLED) -> None:
    quiet = {**os.environ, "SVT_LOG": "1"}
    subprocess.run([program, "-y", "-v", "error", *map(str, arguments)], check=True, capture_output=True, env=quiet)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Encode a moving test picture: its name, the options of ffmpeg, and how many frames of what size and rate."""

    def made(
        name: str, *options: str, size: str = "96x72", rate: str = "24", frames: int = 40, program: str = BUNDLED
    ) -> Path:
        source = f"testsrc2=size={size}:rate={rate}"
        ffmpeg("-f", "lavfi", "-i", source, *options, "-frames:v", str(frames), tmp_path / name, program=program)
        return tmp_path / name

    return made
