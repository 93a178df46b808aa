"""A track as a picture: waveform, beats, sections, and below them everything that a signal can follow."""

import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes

from pipeline.audio.decoding import RATE, Samples
from pipeline.audio.features import NOTES
from pipeline.audio.onsets import FRAMES
from pipeline.audio.summary import Summary
from pipeline.curves.array import Array
from render.errors import one_line

DPI = 100
_BANDS = ((40.0, 120.0), (200.0, 2000.0), (5000.0, 10000.0))
_COLUMNS = 1600
_MOST_BEATS = 200  # lines; of more beats only the bars are drawn
_TEXT = 8.5


def draw(summary: Summary, path: Path) -> None:
    """Draw a track as a PNG, or as what else the suffix asks for.

    Raises:
        ValueError: no picture has this suffix.
        OSError: the file cannot be written.
    """
    track = summary.track
    panels = {name: track.feature(name) for name in ("loudness", "onset", "percussive", "harmonic")}
    panels |= {f"band\n{low:g}-{high:g} Hz": track.band(low, high) for low, high in _BANDS}
    for number, stem in enumerate(summary.stems, start=1):
        for name in ("loudness", "onset"):
            panels[f"{one_line(stem.path.stem, 14)} {number}\n{name}"] = _fitted(
                stem.feature(name), len(panels["onset"])
            )
    notes = np.stack([track.feature(note) for note in NOTES])
    figure, axes = pyplot.subplots(
        len(panels) + 2, 1, sharex=True, figsize=(11, 1.6 + 0.85 * (len(panels) + 2)), layout="constrained"
    )
    try:
        _waveform(axes[0], track.samples)
        for axis, (name, values) in zip(axes[1:-1], panels.items(), strict=True):
            times, _, high = _columns(values, FRAMES)
            axis.fill_between(times, 0, high / max(float(high.max()), 1e-9), color="tab:blue", alpha=0.8, linewidth=0)
            _label(axis, name)
        axes[-1].imshow(
            _thinned(notes / max(float(notes.max()), 1e-9)) ** 0.5,
            aspect="auto",
            origin="lower",
            cmap="magma",
            extent=(0, track.seconds, -0.5, 11.5),
        )
        axes[-1].set_yticks(range(0, 12, 2), NOTES[::2], fontsize=6)
        axes[-1].set_xlabel("seconds; a strong line at every bar", fontsize=_TEXT)
        axes[-1].set_ylabel("chroma", rotation=0, ha="right", va="center", fontsize=_TEXT)
        for axis in axes[:-1]:
            _beats(axis, summary)
        axes[0].set_xlim(0, track.seconds)
        said = ", ".join(f"{bpm:.1f} bpm" for _, bpm in summary.tempos()) or "no beats"
        figure.suptitle(f"{track.path.name}: {track.seconds:.1f} s, {said}", fontsize=10, parse_math=False)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")  # drawn as a box
            figure.savefig(path, dpi=DPI)
    finally:
        pyplot.close(figure)


def _fitted(values: Array, count: int) -> Array:
    """So many values: what is missing at the end is silence."""
    return np.pad(values[:count], (0, max(0, count - len(values))))


def _waveform(axis: Axes, samples: Samples) -> None:
    times, low, high = _columns(samples.astype(np.float64), RATE)
    axis.fill_between(times, low, high, color="0.35", linewidth=0)
    axis.set_ylim(-1, 1)
    _label(axis, "waveform")


def _beats(axis: Axes, summary: Summary) -> None:
    times, first, per_bar = summary.beats.times, summary.beats.downbeat, summary.beats_per_bar
    bars = np.arange(len(times)) % per_bar == first % per_bar
    if len(times) <= _MOST_BEATS:
        axis.vlines(times[~bars], 0, 1, transform=axis.get_xaxis_transform(), color="tab:red", linewidth=0.35)
    axis.vlines(times[bars], 0, 1, transform=axis.get_xaxis_transform(), color="tab:red", linewidth=0.8)
    for start in summary.sections[1:]:
        axis.axvline(start, color="black", linewidth=1.6)


def _label(axis: Axes, name: str) -> None:
    axis.set_yticks([])
    axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=_TEXT)


def _columns(values: Array, rate: float) -> tuple[Array, Array, Array]:
    """Times, and the lowest and highest value, of so many columns as can be seen."""
    count = min(_COLUMNS, len(values))
    starts = np.arange(count) * len(values) // count
    return starts / rate, np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)


def _thinned(rows: Array) -> Array:
    count = min(_COLUMNS, rows.shape[1])
    return np.maximum.reduceat(rows, np.arange(count) * rows.shape[1] // count, axis=1)
