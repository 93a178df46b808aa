"""The section `keep:`: the part of the picture that stays as it is, while the rest is painted around it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.curves.curve import Curve
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.files import picture
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import number, share_from
from pipeline.schedule.fields.regions import RegionCurves, region
from pipeline.schedule.fields.shapes import Setting, about, described, section
from pipeline.schedule.sections import Section, reader_of
from render.spec.pictures import ImageFile
from render.spec.regions import Keep


@dataclass(frozen=True, kw_only=True)
class KeepCurves:
    """What stays as it is, and how much of it over time; the attributes are those of `render.spec.regions.Keep`."""

    region: RegionCurves
    image: ImageFile | None = None
    amount: Curve = Curve.constant(1.0)
    seam: Curve = Curve.constant(0.03)

    def at(self, time: float, motion: Callable[[], tuple[float, ...]]) -> Keep | None:
        """What is kept `time` seconds after the shot's start, see `RegionCurves.at`; None if nothing is."""
        now = np.array([time])
        amount, seam = (
            round(float(np.clip(found.sample(now)[0], 0, 1)), 9) + 0.0 for found in (self.amount, self.seam)
        )
        if not amount:
            return None
        return Keep(region=self.region.at(time, motion), image=self.image, amount=amount, seam=seam)


SETTINGS = (
    Setting(name="region", read=region, default=None, about="what stays as it is, see Regions", required=True),
    Setting(
        name="image",
        read=described(about(fields.TEXT, "a picture: its path beside the schedule"))(picture),
        default=None,
        about="the picture whose pixels are kept, fitted to the frame and cropped around its middle; if unset, those "
        "of the frame before, moved by `motion:`, or of the `source:` if there is one",
    ),
    Setting(
        name="amount",
        read=curve(number(0, 1)),
        default=Curve.constant(1.0),
        about="how much of what is kept is seen; at 0 nothing is kept",
    ),
    Setting(
        name="seam",
        read=curve(share_from(0, 1)),
        default=Curve.constant(0.03),
        about="the width of the edge around the region in which it fades, as a share of the picture's shorter side",
    ),
)


def _read_keep(value: Value, clock: Clock) -> KeepCurves:
    read = fields.read_map({entry.name: entry.read for entry in SETTINGS}, value, clock)
    if "region" not in value.entries():
        raise InvalidError(value, "'region' is missing; expected what stays as it is, such as region: logo.png")
    if "region" not in read:  # it has been reported
        read["region"] = RegionCurves(kind="box", numbers=tuple(map(Curve.constant, (0, 0, 1, 1))))
    return KeepCurves(**read)


def _join(starts: Sequence[float], parts: Sequence[KeepCurves | None]) -> tuple[KeepCurves | None, ...]:
    return tuple(parts)


SECTION = Section(
    position=87,
    is_merged=False,
    shape=lambda: section("keep", "the part of the picture that stays as it is", SETTINGS),
    read=reader_of("keep", _read_keep, None),
    join=_join,
    settings=lambda: SETTINGS,
    misplaced={},
)
