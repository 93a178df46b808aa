"""A plot is for eyes; what can be tested is that it is there, whole, and that what varies is drawn."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.loader import load_schedule, read_schedule
from pipeline.plot import plot_schedule
from pipeline.schedule import Schedule

SCHEDULES = sorted((Path(__file__).parents[2] / "schedules").glob("*.yaml"))


def schedule(text: str) -> Schedule:
    return read_schedule(f"output: {{length: 4s}}\n{text}", "plot.yaml", "plot")


def drawn(text: str, path: Path) -> NDArray[np.uint8]:
    plot_schedule(schedule(text), path)
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_there_are_schedules_to_plot() -> None:
    assert "sunset.yaml" in [path.name for path in SCHEDULES]


@pytest.mark.parametrize("path", SCHEDULES, ids=lambda path: str(path.stem))
def test_every_schedule_is_drawn_without_a_warning(tmp_path: Path, path: Path) -> None:
    """Warnings are errors in these tests."""
    plot_schedule(load_schedule(path), tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as image:
        image.load()
        assert image.format == "PNG"
        assert image.width > 1000
        assert len(np.unique(np.asarray(image.convert("L")))) > 50  # bands, lines, smooth letters


def test_every_curve_has_an_axis_of_its_own(tmp_path: Path) -> None:
    plain = drawn("prompts: red", tmp_path / "a.png")
    moving = drawn("prompts: red\nmotion: {zoom: 1.1/s, rotate: 3/s}", tmp_path / "b.png")
    per_axis = (moving.shape[0] - plain.shape[0]) / 2
    assert per_axis == pytest.approx(0.9 * 110, abs=1)


BASE = """
prompts: [{text: red, weight: {0s: 1, 2s: 3}}]
motion: {zoom: {0s: 1, 2s: 1.5/s}}
refine: {steps: {0s: 2, 2s: 9}}
losses: {smooth: {0s: 0, 2s: 1}}
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> NDArray[np.uint8]:
    return drawn(BASE, tmp_path_factory.mktemp("base") / "plot.png")


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("2s: 3}", "2.2s: 3}"),
        ("weight: {0s: 1", "weight: {0s: -1"),
        ("2s: 1.5/s", "2.2s: 1.5/s"),
        ("2s: 9", "2.2s: 9"),
        ("2s: 1}", "2.2s: 1}"),
    ],
)
def test_another_time_or_weight_is_seen(tmp_path: Path, base: NDArray[np.uint8], written: str, instead: str) -> None:
    assert BASE.count(written) == 1
    assert not np.array_equal(drawn(BASE.replace(written, instead), tmp_path / "plot.png"), base)


def test_same_schedule_gives_the_same_picture(tmp_path: Path, base: NDArray[np.uint8]) -> None:
    assert np.array_equal(drawn(BASE, tmp_path / "plot.png"), base)


def test_suffix_chooses_the_format(tmp_path: Path) -> None:
    plot_schedule(schedule("prompts: red"), tmp_path / "plot.svg")
    assert "<svg" in (tmp_path / "plot.svg").read_text(encoding="utf-8")


def test_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="xyz"):
        plot_schedule(schedule("prompts: red"), tmp_path / "plot.xyz")


@pytest.mark.parametrize("text", ["_private", "$x^$", "夕陽 over the sea"])
def test_prompts_are_drawn_as_they_are_written(tmp_path: Path, text: str) -> None:
    one = drawn(f"prompts: '{text}'", tmp_path / "a.png")
    assert not np.array_equal(one, drawn(f"prompts: '{text}!!'", tmp_path / "b.png"))


def test_title_is_drawn_as_it_is_written(tmp_path: Path) -> None:
    drawn("title: 'a $x^$'\nprompts: red", tmp_path / "a.png")


def test_plotting_needs_no_display() -> None:
    assert matplotlib.get_backend().lower() == "agg"
