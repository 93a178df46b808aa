"""Settings of other tools, and the plan of the schedule that each is imported as."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.commands.importing import import_, imported
from pipeline.commands.schedules import check
from pipeline.curves.array import Array
from pipeline.importers.notations.source import read_source
from pipeline.schedule.loader import load_schedule, read_schedule
from pipeline.schedule.timeline import Timeline
from pipeline.video.ffmpeg import find_binary
from render.motion.displacements.homography import motion_matrix
from render.motion.transforms import Matrix
from render.spec import FrameSpec

FOLDER = Path(__file__).parent / "settings"


@dataclass(frozen=True)
class Plan:
    """The schedule, the notes on its import, and the specs of its frames."""

    text: str
    notes: tuple[str, ...]
    specs: list[FrameSpec]

    def amounts(self, name: str, neutral: float = 0.0) -> Array:
        return np.array([spec.transforms.get(name, neutral) for spec in self.specs])

    def weights(self, text: str) -> Array:
        return np.array([{p.text: p.weight for p in spec.prompts}.get(text, 0.0) for spec in self.specs])

    def texts(self) -> set[str]:
        return {prompt.text for spec in self.specs for prompt in spec.prompts}

    def matrices(self) -> list[Matrix]:
        return [motion_matrix(spec.transforms, spec.size, spec.center) for spec in self.specs]


@pytest.fixture
def plan(tmp_path: Path) -> Callable[..., Plan]:
    """Import a file of `settings`, or a text under a file name; `name` forces the format."""

    def read(file: str, text: str | None = None, name: str | None = None) -> Plan:
        path = FOLDER / file
        if text is not None:
            path = tmp_path / file
            path.write_text(text, encoding="utf-8")
        yaml, notes = imported(read_source(path), name)
        return Plan(text=yaml, notes=notes, specs=list(Timeline(read_schedule(yaml, file, "title"))))

    return read


@dataclass(frozen=True)
class Beside:
    """A schedule that was imported beside a clip: its text, the notes, and the specs of its frames."""

    text: str
    notes: str
    specs: list[FrameSpec]

    @property
    def numbers(self) -> list[int | None]:
        """The number of the clip's frame that each frame shows."""
        return [spec.source.image.number if spec.source else None for spec in self.specs]

    @property
    def mixes(self) -> list[float]:
        """How much of the last result each frame after the first begins with."""
        return [spec.source.mix for spec in self.specs[1:] if spec.source]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 36 frames at 12 a second, 96x72 pixels, with sound."""
    path = tmp_path_factory.mktemp("clip") / "dance.mp4"
    picture, sound = "testsrc=size=96x72:rate=12:duration=3", "sine=duration=3"
    command = [
        find_binary(None),
        *("-v", "error", "-y"),
        *("-f", "lavfi", "-i", picture),
        *("-f", "lavfi", "-i", sound),
    ]
    subprocess.run([*command, "-pix_fmt", "yuv420p", str(path)], check=True)
    return path


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path) -> Callable[..., Beside]:
    """Import settings beside the clip; what comes out loads, and `render check` has nothing to say about it."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(clip, "dance.mp4")

    def imported(settings: str | Mapping[str, Any], name: str = "a.json", **more: Any) -> Beside:
        text = settings if isinstance(settings, str) else json.dumps({**settings, **more})
        Path(name).write_text(text)
        done = CliRunner().invoke(import_, [name, "-o", "out.yaml", "--force"])
        assert done.exit_code == 0, done.output
        checked = CliRunner().invoke(check, ["out.yaml"])
        assert (checked.exit_code, checked.stderr) == (0, "")
        found = Beside(
            text=Path("out.yaml").read_text(),
            notes=done.stderr,
            specs=list(Timeline(load_schedule(Path("out.yaml")))),
        )
        assert found.specs[0].seed == 3
        return found

    return imported
