"""Settings of other tools, and the plan of the schedule that each is imported as."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pipeline.commands.importing import imported
from pipeline.curves.array import Array
from pipeline.importers.notations.source import read_source
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.timeline import Timeline
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
