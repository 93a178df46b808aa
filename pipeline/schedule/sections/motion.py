"""The section `motion:`: a rate for every transform of the catalogue, the centre, and the border."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from pipeline.curves.curve import Curve
from pipeline.curves.easings import easing
from pipeline.curves.joined import joined
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.formulas import when
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import Rated, rate, share
from pipeline.schedule.fields.readers import read_entry, read_map
from pipeline.schedule.fields.shapes import (
    Described,
    Setting,
    described,
    headline,
    section,
    setting,
    settings,
    two_of,
)
from pipeline.schedule.sections import Reading, Section
from pipeline.schedule.sections.motion_flow import SETTINGS as FLOW_SETTINGS
from pipeline.schedule.sections.motion_flow import ClipMotion, read_flow
from pipeline.schedule.sections.motion_shake import Shake, join_shakes, read_shake
from pipeline.schedule.sections.source import goes_on
from render import catalogue
from render.motion import transforms
from render.motion.transforms import Transform
from render.spec import BORDERS, PAINT

_SHARE = curve(share)


@described(two_of(_SHARE), shown=lambda axes: [_SHARE.shown(axis) for axis in axes], over_time=True)
def _center(value: Value, clock: Clock) -> tuple[Curve, Curve]:
    return fields.read_pair(_SHARE, value, clock, "two shares of the width and height such as [0.5, 0.5]")


@dataclass(frozen=True, kw_only=True)
class Motion:
    """How the picture moves: a rate per second for every transform of the catalogue, and what enters at the border."""

    rates: Mapping[str, Curve] = field(default_factory=dict)
    center: tuple[Curve, Curve] = setting(
        _center,
        (Curve.constant(0.5), Curve.constant(0.5)),
        "the fixed point of zoom and rotation, in shares of the width and height",
    )
    shake: Shake | None = setting(
        read_shake, None, "the camera shakes: `{amount: 1%, speed: 2}`; the path is seeded, and closes in a loop"
    )
    flow: ClipMotion | None = setting(
        read_flow, None, "the picture moves as the things in a clip do: `{video: river.mp4, amount: 0.8}`"
    )
    border: str = setting(
        fields.choice((*BORDERS, PAINT)), "reflect", "what fills what the motion uncovers; paint continues the picture"
    )


@functools.cache
def motion_settings() -> tuple[Setting, ...]:
    """The settings under `motion:`."""
    moves = {name: catalogue.load(transforms, name).TRANSFORM for name in catalogue.names(transforms)}
    return (*(_setting(name, move) for name, move in moves.items()), *settings(Motion))


def _setting(name: str, move: Transform) -> Setting:
    about = f"{headline(transforms, name)} ({move.unit}, such as {move.example})"
    return Setting(name=name, read=rate_over_time(move), default=Curve.constant(move.neutral), about=about)


def read_motion(value: Value, clock: Clock) -> Motion:
    """Read `motion:`; problems are collected, and the entries concerned left out."""
    read = read_map({entry.name: entry.read for entry in motion_settings()}, value, clock)
    placed = {entry.name: read.pop(entry.name) for entry in settings(Motion) if entry.name in read}
    return Motion(rates=read, **placed)


def _read(reading: Reading) -> Motion:
    motion: Motion = read_entry(read_motion, reading.entries, "motion", reading.clock, default=Motion())
    if motion.flow is None:
        return motion
    if reading.found["source"] is not None:
        place = reading.entries["motion"].entries()["flow"]
        message = "the source's own motion moves the picture already; remove one of them, in a shot by flow: none"
        reading.document.problems.add(InvalidError(place, message))
    playing = replace(motion.flow.shows, goes_on=goes_on(reading, "motion", ("flow",)))
    return replace(motion, flow=replace(motion.flow, shows=playing))


def rate_over_time(move: Rated) -> Described[[Value, Clock], Curve]:
    """A reader of the curve of a rate, which must have an integral; factors must stay above 0 between keys."""
    plain = curve(rate(move))

    @described(plain.shape, shown=plain.shown, over_time=True)
    def read(value: Value, clock: Clock) -> Curve:
        before = len(value.problems.found)
        result = plain(value, clock)
        if clock.known and len(value.problems.found) == before:
            if move.multiplicative:
                _check_above_0(result, value)
            if result.has_formula:
                _check_between(result, move, value, clock)
        return result

    return read


def _check_above_0(result: Curve, value: Value) -> None:
    """Reject a factor that an overshooting easing drives to 0 or below."""
    overshoots = {key.easing: not _stays_between(key.easing) for key in result.keys}
    for start, end in pairwise(result.keys):
        if not (overshoots[end.easing] or start.formula or end.formula):
            continue
        times = np.linspace(start.time, end.time, 4097)
        values = Curve(keys=(start, end)).sample(times)
        if values.min() <= 0:
            lowest = f"{values.min():.3g} at {times[values.argmin()]:.2f} s"
            raise InvalidError(value, f"falls to {lowest} and must stay above 0; {end.easing} overshoots")


def _stays_between(name: str) -> bool:
    """Whether an easing never leaves the range between its two values."""
    shares = easing(name)(np.linspace(0, 1, 4097))
    return bool(shares.min() >= 0 and shares.max() <= 1)


def _check_between(result: Curve, move: Rated, value: Value, clock: Clock) -> None:
    """Check formulas between frames, too, because the motion from one frame to the next is their integral."""
    quarters = np.arange(len(clock.frames) * 4 - 3) / 4 / clock.fps
    values = result.sample(quarters)
    unsound = ~np.isfinite(values) | (move.multiplicative & (values <= 0))
    if unsound.any():
        at = when(quarters[int(unsound.argmax())], clock)
        need = "stay above 0" if move.multiplicative else "be a number"
        raise InvalidError(value, f"must {need} between the frames, too, got {values[unsound][0]:.3g} at {at}")


def _join(starts: Sequence[float], parts: Sequence[Motion]) -> Motion:
    """Join the curves of all shots; the border and the clip are those of the first shot."""
    if len(parts) == 1:
        return parts[0]
    rates: dict[str, Curve] = {}
    for name in sorted({name for part in parts for name in part.rates}):
        still = Curve.constant(catalogue.load(transforms, name).TRANSFORM.neutral)
        rates[name] = joined(starts, [part.rates.get(name, still) for part in parts])
    x, y = (joined(starts, [part.center[axis] for part in parts]) for axis in (0, 1))
    shake = join_shakes(starts, [part.shake for part in parts])
    return Motion(rates=rates, center=(x, y), shake=shake, flow=parts[0].flow, border=parts[0].border)


SECTION = Section(
    position=60,
    shape=lambda: section("motion", "how the picture moves", motion_settings()),
    read=_read,
    needs=("source",),
    join=_join,
    settings=motion_settings,
    nested={"shake": lambda: settings(Shake), "flow": lambda: FLOW_SETTINGS},
)
