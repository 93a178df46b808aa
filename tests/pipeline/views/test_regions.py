"""Regions are seen before anything is rendered: as masks in plots, as outlines in previews."""

import json
import re
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from pipeline.schedule.loader import load_schedule, read_schedule
from pipeline.schedule.timeline import Timeline
from pipeline.views.plot.overview import has_regions
from pipeline.views.plot.page import plot_page
from pipeline.views.plot.plot import plot_schedule
from pipeline.views.regions import COLOURS, KEPT, Outlines, outline, strips

LAYERS = """
output: {size: [64, 32], fps: 8, length: 2s}
prompts:
  - {text: fire, region: {box: [0, 0, {0: 25%, end: 75%}, 1]}, weight: {0: 0, 1s: 1}}
  - sea
losses: {smooth: {weight: 1, region: {circle: [0.5, 0.5, 0.4]}}}
keep: {region: {box: [0.75, 0, 1, 0.5]}}
"""


def test_a_region_is_drawn_over_time_while_its_prompt_has_weight() -> None:
    fire, smooth, kept = strips(read_schedule(LAYERS, "a.yaml", "a"), 5)
    assert [strip.label for strip in (fire, smooth, kept)] == ["fire", "smooth loss", "keep"]
    assert len(fire.masks) == 4, "its weight is 0 in the first frame"
    shares = [float(mask.mean()) for mask in fire.masks]
    assert shares == sorted(shares)
    assert abs(shares[-1] - (0.25 + 0.5 * 15 / 16)) < 0.02
    assert {mask.shape for mask in (*fire.masks, *kept.masks)} == {(40, 80)}


def test_a_plot_has_a_panel_for_every_region(tmp_path: Path) -> None:
    heights = []
    for text in (LAYERS, re.sub(r"(?m)^(losses|keep).*\n", "", LAYERS)):
        plot_schedule(read_schedule(text, "a.yaml", "a"), tmp_path / "a.png")
        with Image.open(tmp_path / "a.png") as image:
            heights.append(image.height)
    assert abs(heights[0] - heights[1] - 2 * 88) < 20, "two panels, and perhaps a line of constants"


def test_the_page_has_the_masks() -> None:
    page = plot_page(read_schedule(LAYERS, "a.yaml", "a"))
    data = json.loads(re.findall(r'id="data">(.*?)</script>', page)[0])
    smooth = next(region for region in data["regions"] if region["name"] == "smooth loss")
    levels = np.array([int(digit, 16) for digit in smooth["masks"][0]]).reshape(-1, smooth["width"])
    assert levels.shape == (24, 48)
    assert levels[12, 24] == 15
    assert levels[0, 0] == 0
    assert len(smooth["frames"]) == len(smooth["masks"])


def test_a_schedule_without_regions_has_none() -> None:
    plain = read_schedule("prompts: sea", "a.yaml", "a")
    assert not has_regions(plain)
    assert '"regions":[]' in plot_page(plain)
    for text in (
        "prompts: [{text: a, region: {box: [0, 0, 1, 1]}}]",
        "prompts: a\nkeep: {region: {box: [0, 0, 1, 1]}}",
    ):
        assert has_regions(read_schedule(text, "a.yaml", "a"))


def test_an_outline_is_the_innermost_line_of_a_mask() -> None:
    mask = torch.zeros(8, 10)
    mask[2:6, 3:8] = 0.7
    line = outline(mask)
    assert int(line.sum()) == 2 * (4 + 5) - 4
    assert not line[3:5, 4:7].any()
    assert not outline(torch.ones(4, 4)).any()


def test_a_preview_outlines_regions_and_shows_what_is_kept(tmp_path: Path) -> None:
    Image.new("RGB", (64, 32), (10, 200, 30)).save(tmp_path / "logo.png")
    text = LAYERS.replace("keep: {", "keep: {image: logo.png, ")
    (tmp_path / "a.yaml").write_text(text)
    spec = Timeline(load_schedule(tmp_path / "a.yaml")).at(12)
    shown = Outlines().over(np.zeros((32, 64, 3), dtype=np.uint8), spec)
    edge = round((0.25 + 0.5 * 1.5 / 2) * 64)
    assert tuple(shown[3, edge - 1]) == COLOURS[0]
    assert tuple(shown[0, 48]) == tuple(shown[15, 60]) == KEPT
    assert tuple(shown[5, 60]) == (10, 200, 30)
    assert tuple(shown[28, 60]) == (0, 0, 0)


def test_without_regions_a_preview_is_unchanged() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    spec = Timeline(read_schedule("output: {size: [16, 16]}\nprompts: sea", "a.yaml", "a")).at(0)
    assert np.array_equal(Outlines().over(pixels, spec), pixels)
