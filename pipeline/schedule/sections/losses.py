"""The section `losses:`: the weight of each guidance loss over time."""

import functools
from collections.abc import Mapping

from pipeline.curves.curve import Curve
from pipeline.schedule.document.document import Value
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.readers import read_map
from pipeline.schedule.fields.shapes import Setting, headline
from render import catalogue
from render.guidance import losses

DEFAULT_LOSSES: Mapping[str, float] = {"prompt": 1.0, "smooth": 0.6}


@functools.cache
def loss_settings() -> tuple[Setting, ...]:
    """What stands under `losses:`."""
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


def _losses(sections: dict[str, Value], clock: Clock) -> dict[str, Curve]:
    """Weights of the guidance losses; what is not named keeps its default."""
    weights = {name: Curve.constant(weight) for name, weight in DEFAULT_LOSSES.items()}
    if "losses" in sections:
        weights.update(read_map({entry.name: entry.read for entry in loss_settings()}, sections["losses"], clock))
    return weights
