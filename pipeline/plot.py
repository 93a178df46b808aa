"""A schedule to look at: prompts as bands, every curve over time."""

import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes

from pipeline.curves import Curve
from pipeline.easings import Array
from pipeline.schedule import Schedule
from render import catalogue, transforms

SAMPLES = 1500


def plot_schedule(schedule: Schedule, path: Path) -> None:
    """Draw the schedule as a PNG (or what else the suffix asks for)."""
    times = np.linspace(0, schedule.output.length, SAMPLES)
    curves = _curves(schedule)
    heights = [2.2] + [1.0] * len(curves)
    figure, axes = pyplot.subplots(
        len(heights),
        1,
        sharex=True,
        squeeze=False,
        figsize=(11, 0.9 * sum(heights) + 1),
        height_ratios=heights,
        layout="constrained",
    )
    _draw_prompts(axes[0, 0], schedule, times)
    for axis, (label, curve) in zip(axes[1:, 0], curves.items(), strict=True):
        _draw_curve(axis, label, curve, times)
    axes[-1, 0].set_xlabel("seconds")
    axes[-1, 0].set_xlim(0, schedule.output.length)
    output = schedule.output
    size = f"{output.size[0]}×{output.size[1]}"
    title = f"{schedule.title}: {output.num_frames} frames, {size}, {output.fps:g} fps"
    figure.suptitle(title, parse_math=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # drawn as a box
        figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _curves(schedule: Schedule) -> dict[str, Curve]:
    """Every curve with its unit; constants of settings that were not touched are left out."""
    curves = {
        f"{name}\n{catalogue.load(transforms, name).TRANSFORM.unit}": curve
        for name, curve in schedule.motion.rates.items()
    }
    for axis, curve in zip(("x", "y"), schedule.motion.center, strict=True):
        if not curve.is_constant:
            curves[f"center {axis}\nshare"] = curve
    curves["steps\nper frame"] = schedule.refine.steps
    curves["lr\ncodebook spreads"] = schedule.refine.lr
    if not schedule.refine.cutouts.is_constant:
        curves["cutouts\nper step"] = schedule.refine.cutouts
    return curves | {f"loss\n{name}": curve for name, curve in schedule.losses.items()}


def _draw_prompts(axis: Axes, schedule: Schedule, times: Array) -> None:
    """One band per text, as high as its weight; negative weights hang below zero."""
    weights: dict[str, Array] = {}
    for prompt in schedule.prompts:
        weights[prompt.text] = weights.get(prompt.text, np.zeros_like(times)) + prompt.weight.sample(times)
    over, under = np.zeros_like(times), np.zeros_like(times)
    bands = []
    for weight in weights.values():
        above = over + np.maximum(weight, 0)
        below = under + np.minimum(weight, 0)
        (band,) = axis.plot([], [], linewidth=6)
        bands.append(band)
        axis.fill_between(times, over, above, color=band.get_color(), alpha=0.75, linewidth=0)
        axis.fill_between(times, under, below, color=band.get_color(), alpha=0.75, linewidth=0)
        over, under = above, below
    axis.axhline(0, color="black", linewidth=0.6)
    axis.set_ylabel(f"prompts\n({schedule.blend})")
    shown = [text if len(text) < 60 else text[:57] + "..." for text in weights]
    legend = axis.legend(bands, shown, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize="small", frameon=False)
    for label in legend.get_texts():
        label.set_parse_math(False)


def _draw_curve(axis: Axes, label: str, curve: Curve, times: Array) -> None:
    axis.plot(times, curve.sample(times), color="tab:blue")
    if not curve.is_constant:
        keys = [key.time for key in curve.keys]
        axis.plot(keys, [key.value for key in curve.keys], "o", color="tab:blue", markersize=4)
    axis.set_ylabel(label, rotation=0, ha="right", va="center", fontsize="small")
    axis.grid(alpha=0.3)
    axis.ticklabel_format(useOffset=False)
    axis.margins(y=0.25)
