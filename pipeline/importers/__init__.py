"""Schedules of other tools, one format per file; the file's name is what `render import --from` takes.

Contract: an entry module holds `TOOL` (its name for people), `NEEDS` (what it is recognised by, for the
message where no format fits), `recognises(source) -> bool`, which only looks, and `convert(source) -> Imported`,
which raises `InputError` with the file, the setting and what was expected. To add a format, add its file; what
several of them need stands in `pipeline.foreign`.

What is carried is carried exactly: `render plan` of the result gives the tool's own numbers in every
frame, by its own interpolation, its order of moves and its signs. Everything else is a line of `told`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.foreign.carriers import Keys
from pipeline.foreign.notes import by_effect
from pipeline.foreign.prompts import Prompts
from pipeline.foreign.sound import Sound


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
        told: what was assumed and what could not be carried, a line each.
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
    told: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "told", by_effect(self.told))
