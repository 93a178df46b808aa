"""Summarise a track: length, tempo, beats and sections."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from pipeline.audio.beats import Beats
from pipeline.audio.track import Track
from pipeline.curves.array import Array

STEADY = 0.03  # relative changes of tempo up to this are ignored


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The results of analysing a track and its stems."""

    track: Track
    beats: Beats
    beats_per_bar: int
    sections: Array
    stems: tuple[Track, ...] = ()

    def tempos(self) -> list[tuple[float, float]]:
        """Return the times in seconds at which the tempo changes, and the new tempos in beats per minute."""
        if len(self.beats.times) < 2:
            return []
        times = self.beats.times
        around = np.array([np.median(np.diff(times)[max(0, i - 4) : i + 5]) for i in range(len(times) - 1)])
        starts = [0]
        for beat, period in enumerate(around):
            if abs(np.log(period / np.median(around[starts[-1] : beat + 1]))) > STEADY:
                starts.append(beat)
        ends = [*starts[1:], len(times) - 1]
        return [
            (float(times[start]), 60 * (end - start) / float(times[end] - times[start]))
            for start, end in zip(starts, ends, strict=True)
            if end - start > self.beats_per_bar or len(starts) == 1
        ]

    def to_json(self) -> str:
        """Return the whole summary as one line of JSON."""
        return json.dumps(
            {
                "file": str(self.track.path),
                "seconds": self.track.seconds,
                "tempos": [{"at": at, "bpm": round(bpm, 2)} for at, bpm in self.tempos()],
                "beats": self.beats.times.tolist(),
                "downbeats": self.beats.times[self.beats.downbeat :: self.beats_per_bar].tolist(),
                "sections": self.sections.tolist(),
                "stems": [{"file": str(stem.path), "seconds": stem.seconds} for stem in self.stems],
            }
        )

    def __str__(self) -> str:
        times = self.beats.times
        lines = [f"{self.track.path}: {_minutes(self.track.seconds)} ({self.track.seconds:.2f} s)"]
        if not len(times):
            return "\n".join([*lines, "tempo: no beats found", *map(self._compared, self.stems)])
        tempos = [f"{bpm:.1f} bpm" + (f" from {at:.2f} s" if at > times[0] else "") for at, bpm in self.tempos()]
        lines.append(f"tempo: {', '.join(tempos)}")
        bars = len(times[self.beats.downbeat :: self.beats_per_bar])
        first = times[self.beats.downbeat] if self.beats.downbeat < len(times) else times[0]
        lines.append(f"beats: {len(times)} from {times[0]:.3f} s to {times[-1]:.3f} s; {bars} bars from {first:.3f} s")
        ends = [*self.sections.tolist(), self.track.seconds]
        lines += [
            f"section {count}: {_minutes(start)} to {_minutes(end)}"
            for count, (start, end) in enumerate(pairwise(ends), start=1)
        ]
        return "\n".join([*lines, *map(self._compared, self.stems)])

    def _compared(self, stem: Track) -> str:
        longer = stem.seconds - self.track.seconds
        difference = (
            f"{abs(longer):.2f} s {'longer' if longer > 0 else 'shorter'}" if abs(longer) >= 0.005 else "same length"
        )
        return f"stem {stem.path}: {_minutes(stem.seconds)} ({stem.seconds:.2f} s, {difference})"


def summarize(path: Path, beats_per_bar: int, stems: Sequence[Path] = ()) -> Summary:
    """Analyse a track and its stems. Raises `InputError` if one cannot be read."""
    track = Track.open(path)
    beats = track.beats(beats_per_bar)
    return Summary(
        track=track,
        beats=beats,
        beats_per_bar=beats_per_bar,
        sections=track.sections(beats, beats_per_bar),
        stems=tuple(Track.open(stem) for stem in stems),
    )


def _minutes(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"
