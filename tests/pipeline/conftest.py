"""Models without weights, and programs that stand for ffmpeg."""

import os
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest
import torch

from render.renderer import Renderer, load_renderer
from render.weights import LATENTS, PERCEPTORS


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    """Pixels refined under the eye of the toy: a frame takes milliseconds."""
    return load_renderer(LATENTS["pixels"], (PERCEPTORS["toy"],), False, torch.device("cpu"), torch.float32)


@pytest.fixture(scope="session")
def bundled_ffmpeg() -> str:
    return str(imageio_ffmpeg.get_ffmpeg_exe())


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
