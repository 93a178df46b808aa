"""The part of the section `motion:` that takes the motion of a clip, on a picture of something else."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.curves.curve import Curve
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.pictures import FIT
from pipeline.schedule.fields.quantities import number, share_from
from pipeline.schedule.fields.regions import RegionCurves, region
from pipeline.schedule.fields.shapes import Setting, described, map_of, one_of
from pipeline.schedule.footage.playing import Playing
from pipeline.schedule.footage.settings import (
    BACKGROUND,
    CLIPS,
    NONE,
    PLAYING,
    chosen,
    playing,
    readers,
    require_none,
)
from render.spec.footage import Flow, SourceImage

MOST = 100.0
_EXPECTED = f"`{NONE}`, or a map such as {{video: river.mp4, amount: 0.8}}"


@described(region.shape, over_time=True)
def _place(value: Value, clock: Clock) -> RegionCurves:
    found = region(value, clock)
    if any(True for _ in found.texts):
        raise InvalidError(value, "a text cannot be found before the picture has moved; expected a shape or a mask")
    return found


OWN = (
    Setting(
        name="amount",
        read=curve(number(-MOST, MOST)),
        default=Curve.constant(1.0),
        about="how far the picture moves for what moves in the clip: 1 for as far, 0 for not at all",
    ),
    Setting(
        name="smooth",
        read=curve(share_from(0, 1)),
        default=Curve.constant(0.0),
        about="the radius over which the motion is averaged, as a share of the height: 2% calms it, 20% leaves a drift",
    ),
    Setting(name="region", read=_place, default=None, about="where it moves the picture, see Regions; elsewhere not"),
)
SETTINGS = (*PLAYING, *OWN, FIT, BACKGROUND)


@dataclass(frozen=True, kw_only=True)
class ClipMotion:
    """The motion of a clip over time; the attributes are those of `render.spec.footage.Flow`.

    Attributes:
        shows: the clip.
        fit, background: how its pictures get the frame's size.
    """

    shows: Playing
    amount: Curve = Curve.constant(1.0)
    smooth: Curve = Curve.constant(0.0)
    region: RegionCurves | None = None
    fit: str = "crop"
    background: str = "#000000"

    def at(
        self, time: float, motion: Callable[[], tuple[float, ...]], before: SourceImage, after: SourceImage, method: str
    ) -> Flow | None:
        """The motion between two of its pictures `time` seconds after the shot's start; None if it moves nothing.

        Args:
            motion: see `RegionCurves.at`.
        """
        now = np.array([time])
        amount = round(float(self.amount.sample(now)[0]), 9)
        if not amount:
            return None
        return Flow(
            before=before,
            after=after,
            amount=amount,
            smooth=round(float(np.clip(self.smooth.sample(now)[0], 0, 1)), 9) + 0.0,
            region=None if self.region is None else self.region.at(time, motion),
            method=method,
        )


@described(
    one_of(
        {"const": NONE},
        *(
            map_of(
                {entry.name: entry.shape for entry in SETTINGS if entry.name == key or entry.name not in CLIPS},
                required=(key,),
            )
            for key in CLIPS
        ),
    )
)
def read_flow(value: Value, clock: Clock) -> ClipMotion | None:
    """Read the word `none`, or a map with a clip; None if there is none, or an invalid one."""
    if not value.is_map:
        require_none(value, _EXPECTED, CLIPS)
        return None
    before = len(value.problems.found)
    read = fields.read_map(readers(SETTINGS), value, clock)
    if len(value.problems.found) > before and not read.keys() & {*CLIPS}:
        return None  # it is misspelt, or cannot be read
    chosen(value, CLIPS, "video: river.mp4")
    clip = playing(read, value, clock, goes_on=False)
    if clip is None:
        return None
    others = {entry.name: read[entry.name] for entry in (*OWN, FIT, BACKGROUND) if entry.name in read}
    found = ClipMotion(shows=clip, **others)
    if found.amount.is_constant and not found.amount.keys[0].value:
        clock.warn(value.entries()["amount"], "is 0: the clip moves nothing")
    return found
