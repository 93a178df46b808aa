"""Draw a track: waveform, beats, sections, and every feature that a signal can follow."""

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
from pipeline.audio.track import Track
from pipeline.curves.array import Array
from render.errors import one_line

DPI = 100
_BANDS = ((40.0, 120.0), (200.0, 2000.0), (5000.0, 10000.0))
_COLUMNS = 1600
_MAX_BEATS = 200  # with more beats only the bars are drawn
_TEXT = 8.5


def draw(summary: Summary, path: Path) -> None:
    """Draw a track to a PNG, or to another format by the suffix.

    Raises:
        ValueError: the suffix is not that of a picture format.
        OSError: the file cannot be written.
    """
    track, panels = summary.track, _panels(summary)
    rows = len(panels) + 2
    figure, axes = pyplot.subplots(rows, 1, sharex=True, figsize=(11, 1.6 + 0.85 * rows), layout="constrained")
    try:
        _waveform(axes[0], track.samples)
        for axis, (name, values) in zip(axes[1:-1], panels.items(), strict=True):
            _level(axis, name, values)
        _chroma(axes[-1], track)
        for axis in axes[:-1]:
            _beats(axis, summary)
        axes[0].set_xlim(0, track.seconds)
        tempos = ", ".join(f"{bpm:.1f} bpm" for _, bpm in summary.tempos()) or "no beats"
        figure.suptitle(f"{track.path.name}: {track.seconds:.1f} s, {tempos}", fontsize=10, parse_math=False)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")  # drawn as a box
            figure.savefig(path, dpi=DPI)
    finally:
        pyplot.close(figure)


def _panels(summary: Summary) -> dict[str, Array]:
    """Return the features that are drawn as levels, by label."""
    track = summary.track
    panels = {name: track.feature(name) for name in ("loudness", "onset", "percussive", "harmonic")}
    panels |= {f"band\n{low:g}-{high:g} Hz": track.band(low, high) for low, high in _BANDS}
    for number, stem in enumerate(summary.stems, start=1):
        for name in ("loudness", "onset"):
            label = f"{one_line(stem.path.stem, 14)} {number}\n{name}"
            panels[label] = _fitted(stem.feature(name), len(panels["onset"]))
    return panels


def _level(axis: Axes, name: str, values: Array) -> None:
    times, _, high = _columns(values, FRAMES)
    axis.fill_between(times, 0, high / max(float(high.max()), 1e-9), color="tab:blue", alpha=0.8, linewidth=0)
    _label(axis, name)


def _chroma(axis: Axes, track: Track) -> None:
    """Draw the loudness of the twelve notes, from C at the bottom upwards."""
    notes = np.stack([track.feature(note) for note in NOTES])
    axis.imshow(
        _thinned(notes / max(float(notes.max()), 1e-9)) ** 0.5,
        aspect="auto",
        origin="lower",
        cmap="magma",
        extent=(0, track.seconds, -0.5, 11.5),
    )
    axis.set_yticks(range(0, 12, 2), NOTES[::2], fontsize=6)
    axis.set_xlabel("seconds; strong lines mark bars", fontsize=_TEXT)
    axis.set_ylabel("chroma", rotation=0, ha="right", va="center", fontsize=_TEXT)


def _fitted(values: Array, count: int) -> Array:
    """Cut to `count` values, or pad them with silence."""
    return np.pad(values[:count], (0, max(0, count - len(values))))


def _waveform(axis: Axes, samples: Samples) -> None:
    times, low, high = _columns(samples.astype(np.float64), RATE)
    axis.fill_between(times, low, high, color="0.35", linewidth=0)
    axis.set_ylim(-1, 1)
    _label(axis, "waveform")


def _beats(axis: Axes, summary: Summary) -> None:
    times, first, per_bar = summary.beats.times, summary.beats.downbeat, summary.beats_per_bar
    bars = np.arange(len(times)) % per_bar == first % per_bar
    if len(times) <= _MAX_BEATS:
        axis.vlines(times[~bars], 0, 1, transform=axis.get_xaxis_transform(), color="tab:red", linewidth=0.35)
    axis.vlines(times[bars], 0, 1, transform=axis.get_xaxis_transform(), color="tab:red", linewidth=0.8)
    for start in summary.sections[1:]:
        axis.axvline(start, color="black", linewidth=1.6)


def _label(axis: Axes, name: str) -> None:
    axis.set_yticks([])
    axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=_TEXT)


def _columns(values: Array, rate: float) -> tuple[Array, Array, Array]:
    """Return the time and the lowest and highest value of each column, for at most `_COLUMNS` columns."""
    count = min(_COLUMNS, len(values))
    starts = np.arange(count) * len(values) // count
    return starts / rate, np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)


def _thinned(rows: Array) -> Array:
    count = min(_COLUMNS, rows.shape[1])
    return np.maximum.reduceat(rows, np.arange(count) * rows.shape[1] // count, axis=1)
