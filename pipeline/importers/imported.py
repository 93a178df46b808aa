"""What an importer makes of another tool's settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.importers.notes import by_effect
from pipeline.importers.prompts import Prompts
from pipeline.importers.sound import Sound
from pipeline.importers.values.keys import Keys


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What another tool's settings are in our words.

    Attributes:
        size: (width, height) in pixels, which a stride of 8 divides.
        frames: how many.
        motion: transform to its rate.
        center: across and down, in shares of the picture; None where it is the middle.
        refine: the settings of `refine:` that differ from the defaults.
        sound: what the video sounds with.
        notes: what was assumed and what could not be carried, a line each.
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "told", by_effect(self.notes))
