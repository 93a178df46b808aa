"""A plot is for people; the tests check that it is complete and that every change is visible."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.schedule.loader import load_schedule, read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.views.plot.layout import event_names
from pipeline.views.plot.overview import Event
from pipeline.views.plot.plot import plot_schedule

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
SCHEDULES = sorted((ROOT / "schedules").glob("*.yaml"))


def schedule(text: str) -> Schedule:
    return read_schedule(f"output: {{length: 4s}}\n{text}", "plot.yaml", "plot")


def drawn(text: str, path: Path) -> NDArray[np.uint8]:
    plot_schedule(schedule(text), path)
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_there_are_schedules_to_plot() -> None:
    assert "sunset.yaml" in [path.name for path in SCHEDULES]


@pytest.mark.parametrize("path", SCHEDULES, ids=lambda path: str(path.stem))
def test_every_schedule_is_drawn_without_a_warning_and_matches_the_docs(tmp_path: Path, path: Path) -> None:
    """Warnings are errors in these tests. Another matplotlib may smooth lines in another way."""
    plot_schedule(load_schedule(path), tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as image, Image.open(DOCS / f"images/plots/{path.stem}.png") as shown:
        assert (image.format, image.size) == ("PNG", shown.size)
        new, old = (np.asarray(picture.convert("L")).astype(int) for picture in (image, shown))
    assert len(np.unique(new)) > 20
    assert (np.abs(new - old) > 64).mean() < 2e-4, f"render plot {path} -o docs/images/plots/{path.stem}.png"
    about = path.read_text().splitlines()[1].removeprefix("# ")
    section = (
        f"### [{path.stem}](../schedules/{path.name})\n\n{about}\n\n![{path.stem}](images/plots/{path.stem}.png)\n"
    )
    assert section in (DOCS / "plots.md").read_text()


def test_each_changing_value_has_its_own_panel(tmp_path: Path) -> None:
    heights = [
        drawn(f"prompts: red\nmotion: {motion}", tmp_path / "plot.png").shape[0]
        for motion in ("{zoom: 1.1/s}", "{zoom: {0: 1, 9: 1.1/s}}", "{zoom: {0: 1, 9: 1.1/s}, rotate: sin(t)}")
    ]
    assert heights[1] - heights[0] == heights[2] - heights[1] == pytest.approx(88, abs=1)


def test_a_constant_is_listed_as_text(tmp_path: Path) -> None:
    five, six = (drawn(f"prompts: red\nrefine: {{steps: {steps}}}", tmp_path / "plot.png") for steps in (5, 6))
    rows = np.flatnonzero((five != six).any(axis=(1, 2)))
    assert 0 < len(rows) < 15
    assert rows.min() > five.shape[0] - 30  # at the bottom


BASE = """
prompts: [{text: red, weight: {0s: 1, 2s: 3}}]
motion: {zoom: {0s: 1, 2s: 1.5/s}}
refine: {steps: {0s: 2, 2s: 9}}
losses: {smooth: {0s: 0, 2s: 1}}
music: {bpm: 120, offset: 0s, beats_per_bar: 4}
markers: {drop: 1s}
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
        ("bpm: 120", "bpm: 121"),
        ("offset: 0s", "offset: 0.1s"),
        ("beats_per_bar: 4", "beats_per_bar: 3"),
        ("drop: 1s", "drop: 1.1s"),
        ("drop: 1s", "fall: 1s"),
    ],
)
def test_another_time_or_weight_changes_the_plot(
    tmp_path: Path, base: NDArray[np.uint8], written: str, instead: str
) -> None:
    assert BASE.count(written) == 1
    assert not np.array_equal(drawn(BASE.replace(written, instead), tmp_path / "plot.png"), base)


def test_same_schedule_gives_the_same_picture(tmp_path: Path, base: NDArray[np.uint8]) -> None:
    assert np.array_equal(drawn(BASE, tmp_path / "plot.png"), base)


@pytest.mark.parametrize(("suffix", "begins"), [(".svg", b"<?xml"), (".pdf", b"%PDF"), (".PNG", b"\x89PNG")])
def test_suffix_chooses_the_format(tmp_path: Path, suffix: str, begins: bytes) -> None:
    path = tmp_path / f"plot{suffix}"
    plot_schedule(schedule("prompts: red"), path)
    assert path.read_bytes().startswith(begins)


def test_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="xyz"):
        plot_schedule(schedule("prompts: red"), tmp_path / "plot.xyz")


@pytest.mark.parametrize("text", ["_private", "$x^$", "夕陽 over the sea"])
def test_prompts_are_drawn_literally(tmp_path: Path, text: str) -> None:
    one = drawn(f"prompts: '{text}'", tmp_path / "a.png")
    assert not np.array_equal(one, drawn(f"prompts: '{text}!!'", tmp_path / "b.png"))


@pytest.mark.parametrize("title", ["a $x^$", "</svg>&amp;"])
def test_a_title_is_drawn_literally(tmp_path: Path, title: str) -> None:
    plot_schedule(schedule(f"title: '{title}'\nprompts: '$y^$'\nmarkers: {{m: 1s}}"), tmp_path / "a.svg")
    ElementTree.parse(tmp_path / "a.svg")


def test_a_shot_starts_with_a_line_and_its_name(tmp_path: Path) -> None:
    shots = "shots:\n- {length: 2s, prompts: red}\n- {length: 2s, start: carry, prompts: red}"
    cut = read_schedule(shots, "a.yaml", "plot")
    whole = schedule("prompts: red")
    plot_schedule(cut, tmp_path / "cut.svg")
    plot_schedule(whole, tmp_path / "whole.svg")
    assert "shot 2 (carry)" in (tmp_path / "cut.svg").read_text(encoding="utf-8")
    assert "shot" not in (tmp_path / "whole.svg").read_text(encoding="utf-8")


def test_a_formula_may_have_a_pole_between_two_frames(tmp_path: Path) -> None:
    """At 12 fps there is no frame at 1/24 s."""
    drawn("prompts: red\nlosses: {smooth: 1 + 0.01/(t - 1/24)}", tmp_path / "a.png")


def test_many_prompts_and_markers_fit(tmp_path: Path) -> None:
    prompts = ", ".join(f"a rather long text of number {number}" for number in range(60))
    markers = ", ".join(f"m{number}: {number}" for number in range(40))
    picture = drawn(f"prompts: [{prompts}]\nmarkers: {{{markers}}}", tmp_path / "a.png")
    assert picture.shape[0] < 800


def test_names_of_events_do_not_overlap() -> None:
    events = [Event(time=time / 10, label=f"marker {time}", kind="marker") for time in range(0, 41, 3)]
    names = event_names(events, 4.0)
    assert next(name for name in names if name.event == events[-1]).leftwards
    for row in range(4):
        spans = [
            (name.event.time - 0.3 * name.leftwards, name.event.time + 0.3 * (not name.leftwards))
            for name in names
            if name.row == row
        ]
        assert all(end <= begin for (_, end), (begin, _) in pairwise(sorted(spans)))


def test_plotting_needs_no_display() -> None:
    assert matplotlib.get_backend().lower() == "agg"


def test_plotting_imports_no_torch() -> None:
    code = "import sys, pipeline.views.plot.plot, pipeline.views.plot.page; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
