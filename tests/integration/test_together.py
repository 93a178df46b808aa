"""Keys that change the picture in one frame, used together: each alone is tested in its own place."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from pipeline.schedule.loader import read_schedule
from pipeline.schedule.over_time.arrivals import FARTHEST
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render import catalogue
from render.motion import transforms
from render.renderer.renderer import Renderer
from render.renderer.state import OPTIONAL, FrameState

SMALL = "output: {size: [64, 48], fps: 6, length: 1s, seed: 1}\nrefine: {steps: 1, first_frame: 1}\n"
TOY = "models: {latent: pixels, perceptors: [toy]}\n"
GUIDES = "guides: {end: {image: b.png}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, colour in (("a", "orange"), ("b", "navy")):
        Image.new("RGB", (64, 48), colour).save(tmp_path / f"{name}.png")
    return tmp_path


def schedule_of(folder: Path, text: str) -> Schedule:
    return read_schedule(SMALL + text, str(folder / "together.yaml"), "together")


def states(schedule: Schedule) -> list[FrameState]:
    renderer: Renderer = schedule.models.locate(offline=True, progress=lambda *_: None).load("cpu")
    found: list[FrameState] = []
    for spec in Timeline(schedule):
        found.append(renderer.step(found[-1] if found else None, spec))
    return found


PAINT = "motion: {zoom: 0.8, border: paint}\n"
TOGETHER = {
    "paint and guides": f"{TOY}prompts: red\n{PAINT}{GUIDES}",
    "paint and another latent model": f"{TOY}{PAINT}shots: [{{length: 0.5s, prompts: red}}, "
    "{length: 0.5s, prompts: blue, start: carry, models: {latent: embedded}}]\n",
    "slerp and stops": f"{TOY}prompts: {{blend: slerp, 0s: red, end: {{text: blue, stop: 0.2, ease: in_back}}}}\n",
    "guides, colours and noise": f"{TOY}prompts: red\n{GUIDES}noise: {{amount: 0.1}}\n"
    "colour: {match: palette, palette: [red, gold]}\n",
    "guides and a long stretch": f"{TOY}prompts: red\n{GUIDES}motion: {{stretch_x: 0.01/s}}\n",
}


@pytest.mark.parametrize("steps", [0, 1])
@pytest.mark.parametrize("text", TOGETHER.values(), ids=TOGETHER)
def test_they_render(folder: Path, text: str, steps: int) -> None:
    text = SMALL.replace("steps: 1", f"steps: {steps}") + text
    text = text.replace("length: 1s, ", "") if "shots" in text else text
    for state in states(read_schedule(text, str(folder / "together.yaml"), "together")):
        assert bool(state.frame.isfinite().all())


@pytest.mark.parametrize("guides", ["", GUIDES])
def test_what_is_kept_is_not_matched_in_colour(folder: Path, guides: str) -> None:
    text = f"{TOY}prompts: red\nstart: {{image: a.png}}\ncolour: {{match: b.png}}\n{guides}"
    found = states(schedule_of(folder, f"{text}keep: {{region: {{box: [0, 0, 1, 1]}}}}\n"))
    for state in found[1:]:
        assert float((state.frame - found[0].frame).abs().max()) < 1 / 255


def test_between_two_refined_frames_a_lock_and_what_is_kept_hold(folder: Path) -> None:
    text = (
        f"{TOY}prompts: red\nmotion: {{pan_x: 20%/s}}\ncolour: {{palette: [red, gold, navy], lock: true}}\n"
        "keep: {region: {box: [0, 0, 0.5, 1]}, image: b.png}\n"
    )
    schedule = read_schedule(
        SMALL.replace("refine: {", "refine: {cadence: 3, ") + text, str(folder / "together.yaml"), "together"
    )
    for state in states(schedule):
        assert len(torch.unique(state.frame.flatten(2)[0].T, dim=0)) <= 3
        kept = state.image[..., :, :24]
        assert float((kept - torch.tensor([0, 0, 128 / 255]).view(1, 3, 1, 1)).abs().max()) < 1 / 255


def test_states_are_laid_out_as_a_file_has_them(folder: Path) -> None:
    """Other strides would have other kernels round otherwise, so a resumed run would have other frames."""
    text = (
        f"prompts: red\n{GUIDES}keep: {{region: {{circle: [50%, 50%, 20%]}}}}\nmotion: {{zoom: 1.1}}\n"
        "noise: {amount: 0.2, variation: {seed: 9, amount: 4*progress}}\n"
    )
    for state in states(schedule_of(folder, text)):
        tensors = [state.image, *state.optimizer_state.values(), *(getattr(state, name) for name in OPTIONAL)]
        assert all(tensor.is_contiguous() for tensor in tensors if tensor is not None)


def test_every_move_of_a_guide_is_bounded() -> None:
    """But a turn, after which a picture is still seen."""
    assert FARTHEST.keys() == set(catalogue.names(transforms)) - {"rotate"}
