"""Models without weights, a run with them, and programs that replace ffmpeg."""

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest
import torch

from pipeline.run.folder.folder import RunFolder
from pipeline.run.run import Run, RunOptions
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin
from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.renderer.renderer import Renderer, Scorer
from tests.runs import completes


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    """Pixels guided by the toy perceptor: a frame takes milliseconds."""
    cpu = torch.device("cpu")
    return Renderer(Pixels(), [Scorer(perceptor=Toy(cpu))], cpu)


TOY = """
output: {size: [32, 24], fps: 8, length: 12, seed: 3}
models: {latent: pixels, perceptors: [toy]}
prompts: {0: red, 7: red, 11: blue}
motion: {zoom: 1.2/s}
refine: {steps: 2, first_frame: 4, cutouts: 2}
"""


@pytest.fixture
def toy_file(tmp_path: Path) -> Path:
    """A schedule of 12 frames; only frames 8 to 11 depend on its last prompt."""
    path = tmp_path / "toy.yaml"
    path.write_text(TOY, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def rendered(renderer: Renderer, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., RunFolder]:
    """Render the toy, or a range of it; once."""

    @functools.cache
    def render(frames: tuple[int | None, int | None] | None) -> RunFolder:
        place = tmp_path_factory.mktemp("rendered")
        (place / "toy.yaml").write_text(TOY, encoding="utf-8")
        origin = Origin(file=str(place / "toy.yaml"))
        schedule = load_origin(origin)
        run = Run(schedule, origin, RunFolder(place / "toy"), RunOptions(frames=frames))
        assert completes(run, lambda warn: renderer)
        return RunFolder(place / "toy")

    return render


@pytest.fixture
def made(rendered: Callable[..., RunFolder], toy_file: Path) -> Callable[..., RunFolder]:
    """The folder of a finished run of `toy_file`, or of a range of it; the test may damage it."""

    def make(frames: tuple[int | None, int | None] | None = None) -> RunFolder:
        whole = rendered(frames)
        folder = Path(shutil.copytree(whole.path, toy_file.parent / "out" / "toy"))
        record = folder / "run.json"
        record.write_text(record.read_text().replace(whole.origin().file, str(toy_file)))
        return RunFolder(folder)

    return make


@pytest.fixture(scope="session")
def bundled_ffmpeg() -> str:
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def _ffmpegs() -> dict[str, str]:
    """Every ffmpeg found, by name: the bundled one, the system's, and those of $RENDER_TEST_FFMPEGS."""
    found = {"bundled": str(imageio_ffmpeg.get_ffmpeg_exe())}
    if system := shutil.which("ffmpeg"):
        found["system"] = system
    more = filter(None, os.environ.get("RENDER_TEST_FFMPEGS", "").split(os.pathsep))
    return found | {f"given{number}": path for number, path in enumerate(more, start=1)}


@pytest.fixture(scope="session", params=_ffmpegs().values(), ids=[*_ffmpegs()])
def any_ffmpeg(request: pytest.FixtureRequest) -> str:
    """Each ffmpeg in turn: a test that asks for it is run once with every one."""
    return str(request.param)


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
