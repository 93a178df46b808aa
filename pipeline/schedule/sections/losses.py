"""The section `losses:`: the weight of each guidance loss over time, and where it applies."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.curves.curve import Curve
from pipeline.curves.joined import joined
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.readers import parts, read_map
from pipeline.schedule.fields.regions import RegionCurves, region
from pipeline.schedule.fields.shapes import Described, Setting, described, headline, map_of, one_of, section
from pipeline.schedule.sections import Section, reader_of
from render import catalogue
from render.guidance import losses

DEFAULT_LOSSES: Mapping[str, float] = {"prompt": 1.0, "smooth": 0.6, "guide": 1.0}
_WEIGHT = curve(number(-1000, 1000))
NEVER_PLACED = "prompt"  # prompts have regions of their own


@dataclass(frozen=True, kw_only=True)
class Losses:
    """The weight of each guidance loss, and the part of the picture that it may change if that is not all of it."""

    weights: Mapping[str, Curve]
    regions: Mapping[str, RegionCurves] = dataclasses.field(default_factory=dict)


_DEFAULT = Losses(weights={name: Curve.constant(weight) for name, weight in DEFAULT_LOSSES.items()})


def _placed() -> Described[[Value, Clock], Any]:
    """A reader of a weight over time, or of a map with such a weight and a region."""
    both = map_of({"weight": _WEIGHT.shape, "region": region.shape}, required=("weight",))

    @described(one_of(_WEIGHT.shape, both), shown=_WEIGHT.shown, over_time=True)
    def read(value: Value, clock: Clock) -> tuple[Curve, RegionCurves | None]:
        if not value.is_map or not value.entries().keys() & {"weight", "region"}:
            return _WEIGHT(value, clock), None
        found = parts(value, {"weight": _WEIGHT, "region": region}, clock)
        return found["weight"], found.get("region")

    return read


def _everywhere() -> Described[[Value, Clock], Any]:
    """A reader of a weight over time alone."""

    @described(_WEIGHT.shape, shown=_WEIGHT.shown, over_time=True)
    def read(value: Value, clock: Clock) -> Curve:
        if value.is_map and "region" in value.entries():
            raise InvalidError(value, "has no region, since each prompt has its own; write it beside the prompt's text")
        found: Curve = _WEIGHT(value, clock)
        return found

    return read


@functools.cache
def loss_settings() -> tuple[Setting, ...]:
    """The settings under `losses:`."""
    return tuple(
        Setting(
            name=name,
            read=_everywhere() if name == NEVER_PLACED else _placed(),
            default=Curve.constant(DEFAULT_LOSSES.get(name, 0.0)),
            about=headline(losses, name),
        )
        for name in catalogue.names(losses)
    )


def _read_losses(value: Value, clock: Clock) -> Losses:
    """The guidance losses; those that are not set keep their defaults."""
    read = read_map({entry.name: entry.read for entry in loss_settings()}, value, clock)
    pairs = {name: (found, None) if isinstance(found, Curve) else found for name, found in read.items()}
    return Losses(
        weights={**_DEFAULT.weights, **{name: weight for name, (weight, _) in pairs.items()}},
        regions={name: placed for name, (_, placed) in pairs.items() if placed is not None},
    )


def _join(starts: Sequence[float], parts: Sequence[Losses]) -> dict[str, Curve]:
    """The weights of all shots; regions stay with their shots."""
    weights = [part.weights for part in parts]
    names = dict.fromkeys(name for part in weights for name in part)
    return {name: joined(starts, [part.get(name, Curve.constant(0.0)) for part in weights]) for name in names}


SECTION = Section(
    position=80,
    shape=lambda: section("losses", "weights of the guidance losses", loss_settings()),
    read=reader_of("losses", _read_losses, _DEFAULT),
    join=_join,
    settings=loss_settings,
    misplaced={},
)
