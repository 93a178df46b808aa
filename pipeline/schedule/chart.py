"""What a plot of a schedule shows, however it is drawn: curves with units, prompts, beats and events."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve
from pipeline.curves.joined import JoinedCurve
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.colour import Colour
from pipeline.schedule.sections.prompts import Prompt
from render import catalogue
from render.errors import one_line
from render.motion import transforms

END = 1e-9  # seconds: tolerance for rounding errors of times at the end


@dataclass(frozen=True, kw_only=True)
class Line:
    """A curve with its name and unit; the unit of a weight is ""."""

    name: str
    unit: str
    curve: Curve

    @property
    def label(self) -> str:
        return f"{self.name}, {self.unit}" if self.unit else self.name

    def sample(self, times: Array) -> Array:
        """The values at `times` in seconds, same shape; NaN where a formula has no value (never at a frame)."""
        return _finite(self.curve.sample, times)

    def key_times(self, length: float) -> list[float]:
        """The times of the keyframes up to `length`, in seconds; empty for a constant or a single formula."""
        return sorted({time for time in _key_times(self.curve) if 0 <= time <= length + END})


@dataclass(frozen=True, kw_only=True)
class Band:
    """A prompt (a text, or the file name of a picture) with all the weights that it has in the schedule."""

    label: str
    weights: tuple[Curve, ...]

    def sample(self, times: Array) -> Array:
        """The sum of the weights at `times` in seconds, same shape; NaN where a formula has none (never at a frame)."""
        return _finite(lambda times: np.sum([weight.sample(times) for weight in self.weights], axis=0), times)


@dataclass(frozen=True, kw_only=True)
class Event:
    """A marker, or the boundary between two shots, at a time in seconds."""

    time: float
    label: str
    kind: str  # "marker", "cut" or "carry"


def lines(schedule: Schedule) -> list[Line]:
    """Every curve, except settings left at their defaults."""
    found = [
        Line(name=name, unit=catalogue.load(transforms, name).TRANSFORM.unit, curve=curve)
        for name, curve in schedule.motion.rates.items()
    ]
    for axis, curve in zip(("x", "y"), schedule.motion.center, strict=True):
        if not curve.is_constant:
            found.append(Line(name=f"center {axis}", unit="share of the picture", curve=curve))
    found.append(Line(name="steps", unit="per frame", curve=schedule.refine.steps))
    found.append(Line(name="lr", unit="codebook spreads", curve=schedule.refine.lr))
    if not schedule.refine.cutouts.is_constant:
        found.append(Line(name="cutouts", unit="per step", curve=schedule.refine.cutouts))
    colour: Colour = schedule.others["colour"]
    found += [
        Line(name=name, unit=unit, curve=changing)
        for name, unit, changing in (
            ("colour amount", "", colour.amount),
            ("contrast", "of lightness", colour.contrast),
            ("dither", "", colour.dither),
        )
        if changing is not None and not changing.is_constant
    ]
    return found + [Line(name=f"{name} loss", unit="", curve=curve) for name, curve in schedule.losses.items()]


def bands(schedule: Schedule) -> list[Band]:
    """One band for each text or picture, added up in the same way as in the timeline."""
    found: dict[object, list[Prompt]] = {}
    for prompt in schedule.prompts:
        found.setdefault((prompt.text, prompt.image), []).append(prompt)
    return [Band(label=_label(same[0]), weights=tuple(prompt.weight for prompt in same)) for same in found.values()]


def events(schedule: Schedule) -> list[Event]:
    """Markers within the video and the boundaries between shots, in order of time."""
    length = schedule.output.length
    found = [
        Event(time=time, label=one_line(name), kind="marker")
        for name, time in schedule.markers.items()
        if 0 <= time <= length + END
    ]
    for number, shot in enumerate(schedule.shots[1:], start=2):
        kind = "cut" if shot.cut else "carry"
        found.append(Event(time=shot.start, label=f"shot {number} ({kind})", kind=kind))
    return sorted(found, key=lambda event: event.time)


def beat_step(schedule: Schedule, span: float, most: int) -> int | None:
    """How many beats apart to draw lines, so that at most `most` lines fall into `span` seconds.

    Tries a beat, a bar, 4 bars, 16 bars and so on; None without music.
    """
    beat = schedule.music.beat
    if beat is None:
        return None
    step = 1
    while span / (step * beat.seconds) > most:
        step *= schedule.music.beats_per_bar if step == 1 and schedule.music.beats_per_bar > 1 else 4
    return step


def facts(schedule: Schedule) -> str:
    """A one-line summary of the whole video."""
    output = schedule.output
    summary = (
        f"{output.num_frames} frames, {output.length:g} s at {output.fps:g} fps, {output.size[0]}×{output.size[1]}"
    )
    if schedule.music.beat is not None:
        summary += f", {schedule.music.beat.bpm:.5g} bpm"
    return summary


def _label(prompt: Prompt) -> str:
    return prompt.text if prompt.image is None else f"image: {prompt.image.path.name}"


def _key_times(curve: Curve) -> Iterator[float]:
    if isinstance(curve, JoinedCurve):
        for start, end, piece in zip(curve.starts, (*curve.starts[1:], np.inf), curve.pieces, strict=True):
            yield from (start + time for time in _key_times(piece) if 0 <= time < end - start)
    elif len(curve.keys) > 1:
        yield from (key.time for key in curve.keys)


def _finite(sample: Callable[[Array], Array], times: Array) -> Array:
    with np.errstate(all="ignore"):
        values = sample(times)
    return np.where(np.isfinite(values), values, np.nan)
