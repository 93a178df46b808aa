"""The footage that a shot repaints."""

from dataclasses import dataclass

from pipeline.curves.curve import Curve
from pipeline.schedule.footage.playing import Playing
from pipeline.schedule.footage.still import Still

MIX = 0.9


@dataclass(frozen=True, kw_only=True)
class Source:
    """Footage and how it is used.

    Attributes:
        shows: what it shows over time.
        fit, background: see `render.spec.pictures.Picture`.
        mix: see `render.spec.footage.SourceFrame`, over time.
        sound: whether the video gets its sound.
    """

    shows: Playing | Still
    fit: str = "crop"
    background: str = "#000000"
    mix: Curve = Curve.constant(MIX)
    sound: bool = True
