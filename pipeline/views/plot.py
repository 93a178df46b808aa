"""Plots a schedule as a picture: prompts as bands, below them pictures in their places, and every curve over time."""

import itertools
import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from pipeline.curves.array import Array
from pipeline.schedule import chart
from pipeline.schedule.chart import Band, Line
from pipeline.schedule.flight import paths
from pipeline.schedule.schedule import Schedule
from pipeline.views import plot_rows
from pipeline.views.flight import draw_flight
from pipeline.views.plot_layout import EVENT_ROW, MOST_NAMES, EventName, Layout, event_names
from pipeline.views.plot_rows import TEXT, label
from pipeline.views.swatches import draw_swatches, palettes
from pipeline.views.thumbnails import Mark, marks
from render.errors import one_line

DPI = 100
SAMPLES, MOST_SAMPLES = 1500, 100_000
MOST_LINES = 100  # of beats, in the whole plot
_INK, _BEAT = "0.25", "0.55"
_COLORS = pyplot.get_cmap("tab20")(np.r_[0:20:2, 1:20:2])


def plot_schedule(schedule: Schedule, path: Path) -> None:
    """Plot the schedule into a file, in the format of its suffix, such as PNG.

    Raises:
        ValueError: no picture format has this suffix.
        OSError: the file cannot be written.
    """
    lines, bands = chart.lines(schedule), chart.bands(schedule)
    pictures = marks(schedule)
    moving = [line for line in lines if not line.curve.is_constant]
    rows = plot_rows.rows(schedule)
    flown = paths(schedule)
    names = event_names(chart.events(schedule), schedule.output.length)
    swatches = palettes(schedule)
    layout = Layout(
        event_rows=max((name.row + 1 for name in names), default=0),
        names=len(bands),
        panels=bool(pictures) + len(rows) + len(moving) + bool(flown),
        notes=[*textwrap.wrap(_constants([line for line in lines if line not in moving]), 130), *[""] * len(swatches)],
    )
    figure = pyplot.figure(figsize=(layout.width, layout.height))
    try:
        prompts, *panels = [figure.add_axes(box) for box in layout.boxes()]
        _draw_prompts(prompts, bands, schedule)
        following = iter(panels)
        if pictures:
            _draw_marks(next(following), pictures, schedule)
        for panel, row in zip(itertools.islice(following, len(rows)), rows, strict=True):
            plot_rows.draw(panel, row, schedule)
        if flown:
            panel = next(following)
            draw_flight(panel, flown, schedule)
            label(panel, "camera", "from above, a dot every second")
        for panel, line in zip(following, moving, strict=True):
            _draw_curve(panel, line, schedule)
        _draw_time((prompts, *panels), schedule)
        _name_events(prompts, names)
        _write(figure, layout, bands, f"{one_line(schedule.title)}: {chart.facts(schedule)}")
        empty = [y for y, note in layout.note_places() if not note]
        for colours, y in zip(swatches, empty, strict=True):
            draw_swatches(figure, colours, y)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")  # missing glyphs are drawn as a box
            figure.savefig(path, dpi=DPI)
    finally:
        pyplot.close(figure)


def _times(schedule: Schedule) -> Array:
    """The times at which to sample curves: denser than frames in a short video, about one per frame in a long one."""
    count = min(max(SAMPLES, schedule.output.num_frames + 1), MOST_SAMPLES)
    return np.linspace(0, schedule.output.length, count)


def _draw_prompts(axis: Axes, bands: Sequence[Band], schedule: Schedule) -> None:
    """Draw one band per prompt, as high as its weight; negative weights are below zero."""
    times = _times(schedule)
    over, under = np.zeros_like(times), np.zeros_like(times)
    for number, band in enumerate(bands):
        color = _COLORS[number % len(_COLORS)]
        weight = np.nan_to_num(band.sample(times))
        above, below = over + np.maximum(weight, 0), under + np.minimum(weight, 0)
        axis.fill_between(times, over, above, color=color, alpha=0.75, linewidth=0)
        axis.fill_between(times, under, below, color=color, alpha=0.75, linewidth=0)
        over, under = above, below
    axis.axhline(0, color="black", linewidth=0.6)
    label(axis, "prompts", f"({schedule.shots[0].blend})")


def _draw_marks(axis: Axes, pictures: Sequence[Mark], schedule: Schedule) -> None:
    """Draw the weight of every guide, and each picture at its time."""
    times = _times(schedule)
    for number, mark in enumerate(pictures):
        weight = mark.sample(times)
        axis.fill_between(times, 0, weight, color=_COLORS[number % len(_COLORS)], alpha=0.35, linewidth=0)
        left = mark.time > schedule.output.length / 2
        place = AnnotationBbox(
            OffsetImage(np.asarray(mark.image), zoom=0.8, dpi_cor=False),
            (mark.time, 0.5),
            xycoords=axis.get_xaxis_transform(),
            box_alignment=(1 if left else 0, 0.5),
            pad=0.1,
            bboxprops={"edgecolor": _INK, "linestyle": "-" if mark.guide else "--"},
        )
        axis.add_artist(place)
    axis.set_ylim(bottom=0)
    label(axis, "guides", "weight, and pictures to start from (dashed)")


def _draw_curve(axis: Axes, line: Line, schedule: Schedule) -> None:
    times = _times(schedule)
    frames = np.arange(schedule.output.num_frames) / schedule.output.fps
    seen = line.sample(frames if line.curve.has_formula else times)
    low, high = float(seen.min()), float(seen.max())
    room = 0.2 * (high - low or max(abs(high), 1e-6))
    # A formula may have a pole between two frames.
    values = np.clip(line.sample(times), low - 2 * room, high + 2 * room)
    axis.plot(times, values, color="tab:blue", linewidth=1.4)
    keys = np.array(line.key_times(schedule.output.length))
    axis.plot(keys, line.sample(keys), "o", color="tab:blue", markersize=4.5, clip_on=False, zorder=5)
    axis.set_ylim(low - room, high + room)
    axis.grid(axis="y", alpha=0.3)
    axis.ticklabel_format(useOffset=False)
    label(axis, line.name, line.unit)


def _draw_time(axes: Sequence[Axes], schedule: Schedule) -> None:
    """Draw seconds along the bottom; beats, markers and boundaries between shots as lines through all axes."""
    length, music = schedule.output.length, schedule.music
    step = chart.beat_step(schedule, length, MOST_LINES)
    for axis in axes:
        axis.set_xlim(0, length)
        axis.tick_params(labelbottom=axis is axes[-1], labelsize=TEXT)
        if step is not None and music.beat is not None:
            strong = step * (music.beats_per_bar if step == 1 else 4)
            number = np.arange(0, float(music.beat.beats_at(np.array(length))) + 1e-9, step)
            at = music.beat.times_of(number)
            for chosen, width in ((number % strong != 0, 0.35), (number % strong == 0, 0.9)):
                axis.vlines(at[chosen], 0, 1, transform=axis.get_xaxis_transform(), color=_BEAT, linewidth=width)
        for event in chart.events(schedule):
            style = "--" if event.kind == "marker" else "-"
            axis.axvline(event.time, color=_INK, linewidth=1, linestyle=style)
    axes[-1].set_xlabel("seconds" + _beats_label(step, music.beats_per_bar), fontsize=TEXT)


def _beats_label(step: int | None, per_bar: int) -> str:
    if step is None:
        return ""
    if step == 1:
        return "; a line at every beat, a strong one at every bar"
    bars = step // per_bar
    return f"; a line at every {f'{bars} bars' if bars > 1 else 'bar'}, a strong one at every {4 * bars} bars"


def _name_events(axis: Axes, names: Sequence[EventName]) -> None:
    """Draw the names of markers and shots above the prompts."""
    for name in names:
        axis.annotate(
            name.text,
            (name.event.time, 1),
            xycoords=axis.get_xaxis_transform(),
            xytext=(-2 if name.leftwards else 2, 3 + 72 * EVENT_ROW * name.row),
            textcoords="offset points",
            ha="right" if name.leftwards else "left",
            fontsize=TEXT,
            color=_INK,
            parse_math=False,
        )


def _write(figure: Figure, layout: Layout, bands: Sequence[Band], title: str) -> None:
    """Draw the text outside the axes: title, names of prompts, constant values."""
    figure.text(0.5, layout.title_at, title, ha="center", va="center", fontsize=10, parse_math=False)
    more = len(bands) - MOST_NAMES + 1
    for number, ((x, y), band) in enumerate(zip(layout.name_places(), bands, strict=False)):
        last = number + 1 == MOST_NAMES and more > 1
        text = f"and {more} more" if last else one_line(band.label)
        if not last:
            color = _COLORS[number % len(_COLORS)]
            figure.text(x, y, "■", color=color, alpha=0.75, va="center", fontsize=11)
        figure.text(x + 0.015, y, text, va="center", fontsize=TEXT, parse_math=False)
    for y, note in layout.note_places():
        figure.text(0.5, y, note, ha="center", va="center", fontsize=TEXT, parse_math=False)


def _constants(still: Sequence[Line]) -> str:
    text = [f"{line.name} {float(line.curve.keys[0].value):.6g} {line.unit}".strip() for line in still]
    return "constant: " + ", ".join(text) if text else ""
