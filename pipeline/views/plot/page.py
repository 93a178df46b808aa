"""Plots a schedule as one self-contained HTML page that shows the values of every frame."""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from pipeline.curves.array import Array
from pipeline.schedule import chart
from pipeline.schedule.schedule import Schedule
from pipeline.views.plot import overview
from pipeline.views.plot.swatches import palettes
from pipeline.views.plot.thumbnails import marks
from render.errors import one_line

DIGITS = 7
FILM, FILM_HEIGHT = 48, 72  # pictures of footage over time, in pixels
MASKS, MASK_HEIGHT = 32, 24  # of a region over time, in pixels
_TEMPLATE = Path(__file__).with_name("page.html")


def plot_page(schedule: Schedule) -> str:
    """The page as HTML. Its content security policy forbids all connections."""
    # ASCII without "<", so that no prompt can end the script element that contains it.
    data = json.dumps(page_data(schedule), separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    title = html.escape(one_line(schedule.title, limit=200))
    parts = {"title": title, "facts": html.escape(overview.facts(schedule)), "data": data}
    return _filled(_TEMPLATE.read_text(encoding="utf-8"), parts)


def page_data(schedule: Schedule) -> Mapping[str, object]:
    """The data for the page's script: every value at every frame; a constant is a single number."""
    output = schedule.output
    times = np.arange(output.num_frames) / output.fps
    return {
        "fps": output.fps,
        "frames": output.num_frames,
        "length": output.length,
        "blend": schedule.shots[0].blend,
        "beat": asdict(schedule.music.beat) if schedule.music.beat else None,
        "palettes": palettes(schedule),
        "events": [asdict(event) for event in overview.events(schedule)],
        "prompts": [{"text": band.label, "weights": _numbers(band.sample(times))} for band in chart.bands(schedule)],
        "pictures": [
            {
                "time": mark.time,
                "label": mark.label,
                "image": mark.data,
                "width": mark.image.width,
                "weights": _numbers(mark.sample(times)),
                "guide": mark.guide is not None,
            }
            for mark in marks(schedule)
        ],
        "curves": [
            {
                "name": line.name,
                "unit": line.unit,
                "values": _numbers(line.sample(times)),
                "keys": line.key_times(output.length),
                "heights": _listed(line.sample(np.array(line.key_times(output.length)))),
            }
            for line in chart.lines(schedule)
        ],
        "films": _films(schedule),
        "regions": _regions(schedule),
    }


def _films(schedule: Schedule) -> list[dict[str, object]]:
    """What all footage shows at some frames, each as a small picture."""
    if not overview.has_footage(schedule):
        return []
    from pipeline.views.plot.films import films  # imports torch

    return [
        {
            "name": f"{film.name}: {film.label}",
            "width": film.images[0].width,
            "frames": [round(time * schedule.output.fps) for time in film.times],
            "images": film.data,
        }
        for film in films(schedule, FILM, FILM_HEIGHT)
    ]


def _regions(schedule: Schedule) -> list[dict[str, object]]:
    """Every region at some frames, each as a small picture: a hexadecimal digit from black to white for each pixel."""
    if not overview.has_regions(schedule):
        return []
    from pipeline.views.regions import strips  # imports torch

    return [
        {
            "name": strip.label,
            "width": strip.masks[0].shape[1],
            "frames": [round(time * schedule.output.fps) for time in strip.times],
            "masks": [
                "".join(f"{level:x}" for level in (mask.ravel() * 15).round().astype(int)) for mask in strip.masks
            ],
        }
        for strip in strips(schedule, MASKS, MASK_HEIGHT)
    ]


def _numbers(values: Array) -> float | list[float]:
    listed = _listed(values)
    return listed[0] if len(set(listed)) == 1 else listed


def _listed(values: Array) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]


def _filled(template: str, parts: Mapping[str, str]) -> str:
    """The template with every `{{name}}` replaced once; placeholders inside replacements stay as they are."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)
