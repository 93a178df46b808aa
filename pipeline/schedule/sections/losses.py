"""The section `losses:`: the weight of each guidance loss over time."""

import functools
from collections.abc import Mapping, Sequence

from pipeline.curves.curve import Curve
from pipeline.curves.joined import joined
from pipeline.schedule.document.document import Value
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.readers import read_map
from pipeline.schedule.fields.shapes import Setting, headline, section
from pipeline.schedule.sections import Section, reader_of
from render import catalogue
from render.guidance import losses

DEFAULT_LOSSES: Mapping[str, float] = {"prompt": 1.0, "smooth": 0.6, "guide": 1.0}
_DEFAULT = {name: Curve.constant(weight) for name, weight in DEFAULT_LOSSES.items()}


@functools.cache
def loss_settings() -> tuple[Setting, ...]:
    """The settings under `losses:`."""
    weight = curve(number(-1000, 1000))
    return tuple(
        Setting(
            name=name,
            read=weight,
            default=Curve.constant(DEFAULT_LOSSES.get(name, 0.0)),
            about=headline(losses, name),
        )
        for name in catalogue.names(losses)
    )


def _weights(value: Value, clock: Clock) -> dict[str, Curve]:
    """The weights of the guidance losses; those that are not set keep their defaults."""
    return _DEFAULT | read_map({entry.name: entry.read for entry in loss_settings()}, value, clock)


def _join(starts: Sequence[float], parts: Sequence[dict[str, Curve]]) -> dict[str, Curve]:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: joined(starts, [part.get(name, Curve.constant(0.0)) for part in parts]) for name in names}


SECTION = Section(
    position=80,
    shape=lambda: section("losses", "weights of the guidance losses", loss_settings()),
    read=reader_of("losses", _weights, _DEFAULT),
    join=_join,
    settings=loss_settings,
    misplaced={},
)
