"""Start pictures and guides in plots, pages, previews and `render start`."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pipeline.cli import main
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from pipeline.views.pictures import Pictures
from pipeline.views.plot.page import page_data
from pipeline.views.plot.plot import plot_schedule
from pipeline.views.plot.thumbnails import HEIGHT, marks
from pipeline.views.preview import draw_card, motion

RED, BLUE = (230, 20, 10), (10, 20, 230)
TEXT = """
output: {size: [96, 64], fps: 10, length: 2s}
models: {latent: pixels, perceptors: [toy]}
prompts: red
start: {image: red.png}
guides: {1s: {image: red.png, weight: 0.5}, end: {image: blue.png}}
"""


@pytest.fixture
def schedule(tmp_path: Path) -> Schedule:
    for name, colour in (("red", RED), ("blue", BLUE)):
        Image.new("RGB", (90, 60), colour).save(tmp_path / f"{name}.png")
    (tmp_path / "a.yaml").write_text(TEXT)
    return load_schedule(tmp_path / "a.yaml")


def test_every_picture_is_marked_at_its_time(schedule: Schedule) -> None:
    found = marks(schedule)
    assert [(mark.time, mark.label) for mark in found] == [
        (0.0, "start: red.png, strength 1"),
        (1.0, "red.png"),
        (1.9, "blue.png"),
    ]
    assert all(mark.image.size == (96, HEIGHT) for mark in found)
    assert found[1].sample(np.array([0.5, 1.0])).tolist() == pytest.approx([0.25, 0.5])


def test_a_plot_shows_them_at_their_times(schedule: Schedule, tmp_path: Path) -> None:
    plot_schedule(schedule, tmp_path / "a.png")
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    left, right = 195, 1075  # of the axes
    for colour, time in ((RED, 0.0), (RED, 1.0), (BLUE, 1.9)):
        columns = np.flatnonzero((np.abs(pixels - colour).max(axis=2) < 8).sum(axis=0) > 30)
        place = left + time / 2 * (right - left)
        assert np.abs(columns - place).min() < 8


def test_the_page_holds_them_as_data(schedule: Schedule) -> None:
    pictures = page_data(schedule)["pictures"]
    assert isinstance(pictures, list)
    assert [(each["time"], each["guide"]) for each in pictures] == [(0.0, False), (1.0, True), (1.9, True)]
    content = base64.b64decode(pictures[2]["image"].removeprefix("data:image/jpeg;base64,"))
    seen = np.asarray(Image.open(io.BytesIO(content))).astype(int)[5, 5]
    assert np.abs(seen - BLUE).max() < 12


def test_a_preview_begins_with_its_picture_and_goes_to_the_guides(schedule: Schedule) -> None:
    frames = [pixels for pixels, _ in motion(Timeline(schedule), draw_card(96, 64), Pictures())]
    assert np.abs(frames[0].astype(int) - RED).max() <= 1
    assert np.abs(frames[19].astype(int) - BLUE).max() <= 1
    half = frames[14][30, 40].astype(int)
    assert half[0] > 60 < half[2]


def test_render_start_shows_the_picture_and_what_is_begun_with(schedule: Schedule, tmp_path: Path) -> None:
    arguments = ["start", str(tmp_path / "a.yaml"), "-o", str(tmp_path / "sheet.png"), "--device", "cpu"]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert "red.png as the frame shows it, and what it starts from at strength 1" in done.stdout
    sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB")).astype(int)
    for column in (sheet.shape[1] // 4, sheet.shape[1] * 3 // 4):
        assert np.abs(sheet[sheet.shape[0] // 2, column] - RED).max() < 4
