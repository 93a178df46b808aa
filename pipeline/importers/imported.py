"""The result of an import, before it is written as YAML."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.importers.prompts import Prompts
from pipeline.importers.sound import Sound
from pipeline.importers.values.keys import Keys


@dataclass(frozen=True, kw_only=True)
class Imported:
    """Another tool's settings, expressed as the parts of our schedule.

    Attributes:
        size: (width, height) in pixels, multiples of 8.
        frames: the number of frames.
        motion: maps each transform to its rate.
        center: (x, y) as shares of the picture; None for the middle.
        refine: the settings of `refine:` that differ from the defaults.
        sound: the soundtrack of the video.
        notes: what was assumed and what is not converted, one line each.
    """

    tool: str
    size: tuple[int, int]
    fps: float
    frames: int
    seed: int
    prompts: Prompts
    motion: Mapping[str, Keys] = field(default_factory=dict)
    center: tuple[Keys, Keys] | None = None
    border: str = "reflect"
    refine: Mapping[str, Keys | str] = field(default_factory=dict)
    sound: Sound | None = None
    notes: tuple[str, ...] = ()
