"""The curves of a schedule with their units, and the weights of its prompts, as a plot shows them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve
from pipeline.curves.joined import JoinedCurve, joined
from pipeline.schedule.footage.playing import Playing
from pipeline.schedule.footage.source import Source
from pipeline.schedule.footage.still import Still
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.camera import AXES
from pipeline.schedule.sections.colour import Colour
from pipeline.schedule.sections.motion import Motion
from pipeline.schedule.sections.motion_shake import path_curves
from pipeline.schedule.sections.prompts import Prompt
from render import catalogue
from render.errors import one_line
from render.motion import transforms

_NONE, _ONCE = Curve.constant(0.0), Curve.constant(1.0)
END = 1e-9  # seconds: tolerance for rounding errors of times at the end


@dataclass(frozen=True, kw_only=True)
class Line:
    """A curve with its name and unit; the unit of a weight is ""."""

    name: str
    unit: str
    curve: Curve
    period: float | None = None  # values this far apart mean the same

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


def lines(schedule: Schedule) -> list[Line]:
    """Every curve, except settings left at their defaults."""
    found = [
        Line(name=name, unit=catalogue.load(transforms, name).TRANSFORM.unit, curve=curve)
        for name, curve in schedule.motion.rates.items()
    ]
    for axis, curve in zip(("x", "y"), schedule.motion.center, strict=True):
        if not curve.is_constant:
            found.append(Line(name=f"center {axis}", unit="share of the picture", curve=curve))
    found += _camera(schedule) + _shake(schedule)
    found.append(Line(name="steps", unit="per frame", curve=schedule.refine.steps))
    found.append(Line(name="lr", unit="codebook spreads", curve=schedule.refine.lr))
    if not schedule.refine.cutouts.is_constant:
        found.append(Line(name="cutouts", unit="per step", curve=schedule.refine.cutouts))
    if not (schedule.refine.cadence.is_constant and schedule.refine.cadence.keys[0].value == 1):
        found.append(Line(name="cadence", unit="frames", curve=schedule.refine.cadence))
    if not schedule.refine.uncovered.is_constant:
        found.append(Line(name="uncovered", unit="times the lr", curve=schedule.refine.uncovered))
    found += _footage(schedule) + _noise(schedule) + _colour(schedule)
    losses = {name: curve for name, curve in schedule.losses.items() if name != "guide" or schedule.guides.images}
    found += [Line(name=f"{name} loss", unit="", curve=curve) for name, curve in losses.items()]
    found += [
        Line(name=one_line(perceptor.model.name, 14), unit="weight", curve=perceptor.over_time)
        for perceptor in schedule.models.perceptors
        if perceptor.over_time
    ]
    stops = [(prompt, prompt.stop) for prompt in schedule.prompts if prompt.stop and not prompt.stop.is_constant]
    return found + [
        Line(name=f"stop: {one_line(_label(prompt), 12)}", unit="cosine", curve=stop) for prompt, stop in stops
    ]


def _camera(schedule: Schedule) -> list[Line]:
    """The rates or positions of the camera's axes that any shot sets, and its angle of view if it changes."""
    starts, cameras = [shot.start for shot in schedule.shots], [shot.sections["camera"] for shot in schedule.shots]
    found = [
        Line(name=name, unit=unit, curve=joined(starts, [curves.get(axis, Curve.constant(0.0)) for curves in parts]))
        for axis, about in AXES.items()
        for name, unit, parts in (
            (axis, about.unit, [camera.rates for camera in cameras]),
            (f"path: {axis}", about.unit.split(" ")[0], [camera.path or {} for camera in cameras]),
        )
        if any(axis in curves for curves in parts)
    ]
    fov = joined(starts, [camera.fov for camera in cameras])
    return found if fov.is_constant else [*found, Line(name="fov", unit="degrees", curve=fov)]


def _shake(schedule: Schedule) -> list[Line]:
    """How the camera shakes, and the path that it takes."""
    shake = schedule.motion.shake
    if shake is None:
        return []
    fps = schedule.output.fps
    period = schedule.output.num_frames / fps if schedule.loop.num_led(fps) else None
    units = {"x": "share of the height", "y": "share of the height", "turn": "degrees"}
    return [
        *(
            Line(name=f"shake {name}", unit=units[name], curve=curve)
            for name, curve in path_curves(shake, period).items()
        ),
        Line(name="shake amount", unit="share of the height", curve=shake.amount),
        Line(name="shake speed", unit="swings per second", curve=shake.speed),
    ]


def _footage(schedule: Schedule) -> list[Line]:
    """How footage is played and used, as far as its settings are not left at their defaults."""
    starts = [shot.start for shot in schedule.shots]
    sources: list[Source | None] = [shot.sections["source"] for shot in schedule.shots]
    motions: list[Motion] = [shot.sections["motion"] for shot in schedule.shots]
    parts = [part for part in sources if part is not None]
    flows = [motion.flow for motion in motions if motion.flow is not None]
    found = []
    if parts:
        found.append(("mix", "of the last result", [_NONE if part is None else part.mix for part in sources]))
        speeds = [part.shows.speed if part and isinstance(part.shows, Playing) else _ONCE for part in sources]
        found.append(("source speed", "times as fast", speeds))
        found.append(("source zoom", "factor", [_zoom(part) for part in sources]))
    if flows:
        found.append(("flow amount", "", [_NONE if each.flow is None else each.flow.amount for each in motions]))
        smooths = [_NONE if each.flow is None else each.flow.smooth for each in motions]
        found.append(("flow smooth", "share of the height", smooths))
        speeds = [_ONCE if each.flow is None else each.flow.shows.speed for each in motions]
        found.append(("flow speed", "times as fast", speeds))
    lines = [Line(name=name, unit=unit, curve=joined(starts, curves)) for name, unit, curves in found]
    usual = {"source speed": 1.0, "source zoom": 1.0, "flow speed": 1.0, "flow smooth": 0.0}
    return [
        line for line in lines if not line.curve.is_constant or line.curve.keys[0].value != usual.get(line.name, np.nan)
    ]


def _zoom(part: Source | None) -> Curve:
    return part.shows.zoom if part is not None and isinstance(part.shows, Still) else _ONCE


def _noise(schedule: Schedule) -> list[Line]:
    """The amounts of noise and of its variation, if there is noise."""
    noise = schedule.noise
    if noise.amount.is_constant and not noise.amount.keys[0].value:
        return []
    found = [Line(name="noise", unit="codebook spreads", curve=noise.amount)]
    if noise.variation is not None:
        found.append(
            Line(name="noise variation", unit="quarters of a circle", curve=noise.variation.amount, period=4.0)
        )
    return found


def _colour(schedule: Schedule) -> list[Line]:
    """What changes over time in the colours."""
    colour: Colour = schedule.others["colour"]
    curves = {"colour amount": colour.amount, "contrast": colour.contrast, "dither": colour.dither}
    return [
        Line(name=name, unit="of lightness" if name == "contrast" else "", curve=curve)
        for name, curve in curves.items()
        if curve is not None and not curve.is_constant
    ]


def bands(schedule: Schedule) -> list[Band]:
    """One band for each text or picture, added up in the same way as in the timeline."""
    found: dict[object, list[Prompt]] = {}
    for prompt in schedule.prompts:
        found.setdefault((prompt.text, prompt.image), []).append(prompt)
    return [Band(label=_label(same[0]), weights=tuple(prompt.weight for prompt in same)) for same in found.values()]


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
