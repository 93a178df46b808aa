"""Models without weights, ffmpeg, and the command as it is installed."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest
import torch

from render.renderer import Renderer, load_renderer
from render.weights import LATENTS, PERCEPTORS


@pytest.fixture(scope="session", autouse=True)
def no_ffmpeg_of_the_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RENDER_FFMPEG", raising=False)
        yield


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    """Pixels refined under the eye of the toy: a frame takes milliseconds."""
    return load_renderer(LATENTS["pixels"], (PERCEPTORS["toy"],), False, torch.device("cpu"), torch.float32)


@pytest.fixture(scope="session")
def bundled_ffmpeg() -> str:
    return str(imageio_ffmpeg.get_ffmpeg_exe())


@pytest.fixture(scope="session")
def command() -> str:
    """The installed `render`: the one of this Python, else the one on PATH."""
    beside = Path(sys.executable).with_name("render")
    found = str(beside) if beside.is_file() else shutil.which("render")
    assert found is not None, "the project is not installed: pip install -e .[dev]"
    return found


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write an executable shell script: (name, body) to its path."""

    def write(name: str, body: str) -> Path:
        path = tmp_path / "programs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def empty_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing but the folder of `script` and the shell's own tools."""
    folder = tmp_path / "programs"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder)]))
    return folder
