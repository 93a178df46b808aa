"""Rows of small pictures in a plot, side by side over time: what footage shows, and the masks of regions."""

import textwrap
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from pipeline.schedule.schedule import Schedule
from pipeline.views.plot import overview
from pipeline.views.plot.layout import PANEL_SHAPE

TEXT = 8.5  # font size in points
SHARP = 2  # pixels of a film's picture for one of the plot


@dataclass(frozen=True, kw_only=True)
class Row:
    """Pictures, (H, W, 3) in 0 to 255 or masks (H, W) in [0, 1], at times in seconds."""

    name: str
    label: str
    times: tuple[float, ...]
    pictures: tuple[Any, ...]


def rows(schedule: Schedule) -> list[Row]:
    """All footage and every region, with as many pictures as fit side by side."""
    width, height = schedule.output.size
    count, found = max(2, min(24, int(PANEL_SHAPE / (width / height)) - 1)), []
    if overview.has_footage(schedule):
        from pipeline.views.plot import films  # imports torch

        for film in films.films(schedule, count + 1, SHARP * films.SMALL):
            found.append(Row(name=film.name, label=film.label, times=film.times, pictures=film.images))
    if overview.has_regions(schedule):
        from pipeline.views.regions import strips  # imports torch

        for strip in strips(schedule, count):
            found.append(Row(name="region", label=strip.label, times=strip.times, pictures=strip.masks))
    return found


def draw(axis: Axes, row: Row, schedule: Schedule) -> None:
    """Draw a row from the first frame at the left end to the last one at the right end."""
    width, height = schedule.output.size
    wide = width / height / PANEL_SHAPE
    for time, picture in zip(row.times, row.pictures, strict=True):
        inset = axis.inset_axes((time / schedule.output.length * (1 - wide), 0.04, wide * 0.96, 0.92))
        inset.imshow(picture, cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="bilinear")
        inset.set_xticks([])
        inset.set_yticks([])
    axis.set_yticks([])
    axis.set_facecolor("0.9")
    label(axis, row.name, row.label)


def label(axis: Axes, name: str, unit: str) -> None:
    """Write what a row shows beside it, and its unit."""
    text = "\n".join([name, *textwrap.wrap(unit, 19)])
    axis.text(-0.074, 0.5, text, transform=axis.transAxes, ha="right", va="center", fontsize=TEXT)
