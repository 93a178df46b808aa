"""Frames that are looked at when the next one is under way, as on a GPU: the same files as if looked at at once."""

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from safetensors.numpy import load_file
from torch import Tensor

from pipeline.run.events import Event, FrameDone, Warned
from pipeline.run.folder.folder import RunFolder
from pipeline.run.run import Run, RunOptions
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.origin import Origin
from render.errors import NonFiniteError
from render.guidance.perceptors.toy import Toy
from render.latents.pixels import Pixels
from render.renderer.renderer import Renderer, Scorer
from tests.runs import completes

FRAMES = 12
CPU = torch.device("cpu")


class Leaping(Pixels):
    """Latents that have left [-1, 1] by far in one step are not finite."""

    def project(self, latent: Tensor) -> Tensor:
        return torch.where(latent.abs() > 1.4, torch.nan, super().project(latent))


def late(renderer: Renderer) -> Renderer:
    found = copy.copy(renderer)
    found.checks_at_once = False
    return found


@pytest.fixture(scope="module")
def leaping() -> Renderer:
    return Renderer(Leaping(), [Scorer(perceptor=Toy(CPU))], CPU)


@dataclass
class Found:
    """What a run has left and said; `failure` is how it ended."""

    files: dict[str, bytes]
    frames: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failure: str = ""


def rendered(
    renderer: Renderer, folder: Path, rates: str, *, more: str = "", stop_after: int | None = None, times: int = 1
) -> Found:
    """What `times` runs leave, all but the last stopped before `stop_after` frames."""
    text = f"""
output: {{size: [32, 24], fps: 8, length: {FRAMES}, seed: 3}}
models: {{latent: pixels, perceptors: [toy]}}
prompts: {{0: red, 7: red, 11: blue}}
motion: {{zoom: 1.2/s}}
refine: {{steps: 2, first_frame: 4, cutouts: 2, lr: {rates}{more}}}
"""
    events: list[Event] = []
    failure = ""
    load: Callable[[Callable[[str], None]], Renderer] = renderer.of_run
    for number in range(times):
        asked = itertools.count()
        stop = stop_after if number < times - 1 else None
        run = Run(read_schedule(text, "toy.yaml", "toy"), Origin(file="toy.yaml"), RunFolder(folder), RunOptions())
        try:
            completes(run, load, events.append, lambda asked=asked, stop=stop: next(asked) == stop)  # type: ignore[misc]
        except NonFiniteError as error:
            failure = str(error)
    return Found(
        files={str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("frames/*")}
        | {
            f"{path.name} {name}": value.tobytes()
            for path in folder.glob("state/*")
            for name, value in load_file(path).items()
        },
        frames=[event.index for event in events if isinstance(event, FrameDone)],
        warnings=[event.message for event in events if isinstance(event, Warned)],
        failure=failure,
    )


@pytest.fixture(autouse=True)
def every_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.run.handover.INTERVAL", 0.0)
    monkeypatch.setattr("pipeline.run.delivery.sheet.WIDTH", 32)


@pytest.mark.parametrize("more", ["", ", cadence: 3"])
@pytest.mark.parametrize("rates", ["0.1", "{0: 2}", "{0: 0.1, 5: 0.1, 6: 2, 7: 0.1}", "{0: 0.1, 9: 0.1, 10: 2}"])
def test_the_files_events_and_warnings_are_the_same(rates: str, more: str, leaping: Renderer, tmp_path: Path) -> None:
    at_once, later = (
        rendered(each, tmp_path / str(number), rates, more=more) for number, each in enumerate((leaping, late(leaping)))
    )
    assert at_once == later
    assert later.frames == list(range(FRAMES))
    assert bool(later.warnings) == (rates != "0.1")


@pytest.mark.parametrize("stop_after", [5, 7, 8, 9])
def test_a_run_that_is_stopped_around_the_bad_frame_goes_on(stop_after: int, leaping: Renderer, tmp_path: Path) -> None:
    """Frame 6 leaps; it may be under way, or thrown away, when the run stops."""
    rates = "{0: 0.1, 5: 0.1, 6: 2, 7: 0.1}"
    wanted = rendered(leaping, tmp_path / "wanted", rates)
    found = rendered(late(leaping), tmp_path / "found", rates, stop_after=stop_after, times=2)
    assert {name: value for name, value in found.files.items() if "/" in name} == {
        name: value for name, value in wanted.files.items() if "/" in name
    }
    assert sorted(found.frames) == list(range(FRAMES))


def test_one_that_nothing_helps_ends_the_run_and_keeps_those_before(leaping: Renderer, tmp_path: Path) -> None:
    rates = "{0: 0.1, 5: 0.1, 6: 100, 7: 0.1}"
    at_once, later = (
        rendered(each, tmp_path / str(number), rates) for number, each in enumerate((leaping, late(leaping)))
    )
    assert later.failure.startswith("frame 6: ")
    assert (at_once.failure, at_once.files, at_once.warnings) == (later.failure, later.files, later.warnings)
    assert later.frames == list(range(6))
