"""Picture files, and what a frame without a predecessor starts from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FITS = ("crop", "pad", "stretch")


@dataclass(frozen=True, kw_only=True)
class ImageFile:
    """A picture on disk and the SHA-256 of its bytes."""

    path: Path
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture file, and how it gets the size of a frame.

    Attributes:
        fit: "crop" cuts off what is too wide or too high, "pad" adds `background` around it, "stretch" does neither.
        background: the colour behind transparency and around a padded picture, as #rrggbb.
    """

    file: ImageFile
    fit: str = "crop"
    background: str = "#ffffff"


@dataclass(frozen=True, kw_only=True)
class PriorStart:
    """How a frame without a predecessor gets its picture from a prior, see `render.priors`.

    Attributes:
        prior: the prior's name, one of those that the renderer has loaded.
        candidates: how many pictures it proposes.
        pick: which of them is used: 1 for the best, 2 for the second best, and so on.
        settings: the prior's own settings that the schedule sets, by name.
    """

    prior: str
    candidates: int
    pick: int = 1
    settings: Mapping[str, float | str | ImageFile] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PictureStart:
    """A picture that a frame without a predecessor starts from.

    Attributes:
        strength: how much of it there is beside noise, in [0, 1]: 1 is the picture, 0 is noise, to the bit.
    """

    picture: Picture
    strength: float = 1.0
