"""Footage in plots, pages and previews."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench.known_motion import Pixels, camera, save
from pipeline.schedule import chart
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from pipeline.views.pictures import Pictures
from pipeline.views.plot.films import films
from pipeline.views.plot.page import page_data
from pipeline.views.plot.plot import plot_schedule
from pipeline.views.preview import motion

SIZE = (64, 48)
CLIP = camera({"pan_x": 0.03}, SIZE)
HEAD = "output: {size: [64, 48], fps: 8, length: 1s}\nmodels: {latent: pixels, perceptors: [toy]}\nprompts: red\n"
REPAINTS = "source: {video: clip.mkv, mix: {0s: 0.9, end: 0.5}, speed: 0.5}\n"
MOVES = "motion: {flow: {video: clip.mkv, amount: 0.8}}\n"


@pytest.fixture(scope="module")
def frames() -> list[Pixels]:
    return CLIP.frames(8)


@pytest.fixture
def folder(frames: list[Pixels], tmp_path: Path) -> Path:
    save(frames, tmp_path / "clip.mkv", fps=8)
    return tmp_path


def _read(folder: Path, text: str) -> Schedule:
    (folder / "a.yaml").write_text(HEAD + text)
    return load_schedule(folder / "a.yaml")


def test_a_film_shows_the_clip_as_it_is_played(folder: Path, frames: list[Pixels]) -> None:
    (film,) = films(_read(folder, REPAINTS), 3, SIZE[1])
    assert (film.name, film.label, film.times) == ("source", "clip.mkv", (0.0, 0.5, 0.875))
    for image, number in zip(film.images, (0, 2, 3), strict=True):  # at half the speed
        assert np.abs(np.asarray(image).astype(int) - frames[number]).max() <= 1


def test_a_plot_has_a_row_of_its_pictures(folder: Path) -> None:
    heights = []
    for text in ("", "source: {video: clip.mkv, mix: 0.5}\n"):
        plot_schedule(_read(folder, text), folder / "plot.png")
        with Image.open(folder / "plot.png") as plot:
            heights.append(plot.height)
    assert heights[1] > heights[0] + 60


def test_the_page_holds_its_pictures(folder: Path, frames: list[Pixels]) -> None:
    found = page_data(_read(folder, MOVES))["films"]
    assert isinstance(found, list)
    (film,) = found
    assert film["name"] == "motion.flow: clip.mkv"
    content = base64.b64decode(film["images"][-1].removeprefix("data:image/jpeg;base64,"))
    seen = np.asarray(Image.open(io.BytesIO(content)).resize(SIZE)).astype(int)
    assert film["frames"][-1] == 7
    assert np.abs(seen - frames[7]).mean() < np.abs(seen - frames[5]).mean()


@pytest.mark.parametrize(
    ("text", "expected"),
    [(REPAINTS, {"mix", "source speed"}), (MOVES, {"flow amount"}), ("", set())],
)
def test_curves_of_footage_are_plotted(folder: Path, text: str, expected: set[str]) -> None:
    names = {line.name for line in chart.lines(_read(folder, text))}
    assert {name for name in names if "source" in name or "flow" in name or name == "mix"} == expected


def test_a_preview_shows_the_source_itself(folder: Path, frames: list[Pixels]) -> None:
    card = torch.zeros(1, 3, SIZE[1], SIZE[0])
    shown = [pixels for pixels, _ in motion(Timeline(_read(folder, REPAINTS)), card, Pictures())]
    assert np.abs(shown[6].astype(int) - frames[3]).max() <= 1


def test_a_preview_moves_its_picture_as_the_clip_moves(folder: Path, frames: list[Pixels]) -> None:
    """A card that is the clip's first frame becomes its last, as far as the flow is found and the card fades in."""
    first = torch.from_numpy(frames[0] / 255).float().movedim(-1, 0)[None]
    *_, (last, _) = motion(Timeline(_read(folder, "motion: {flow: {video: clip.mkv}}\n")), first)
    inside = np.s_[4:-4, 16:-4]
    moved = np.abs(last[inside].astype(int) - frames[7][inside]).mean()
    assert moved < 0.5 * np.abs(frames[0][inside].astype(int) - frames[7][inside]).mean()


def test_the_motion_of_a_clip_in_a_region_is_previewed(folder: Path) -> None:
    still = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    region = "region: {box: [0, 0, 0, 0]}"
    found = [
        pixels
        for pixels, _ in motion(Timeline(_read(folder, f"motion: {{flow: {{video: clip.mkv, {region}}}}}\n")), still)
    ]
    for pixels in found[1:]:
        assert np.abs(pixels.astype(int) - found[0].astype(int)).max() <= 1
