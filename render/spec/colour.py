"""What happens to the colours of a frame."""

from dataclasses import dataclass

from render.spec.pictures import ImageFile

COLOUR_MATCHES = ("first", "previous", "palette", "source")
COLOUR_METHODS = ("statistics", "histogram")


@dataclass(frozen=True, kw_only=True)
class PaletteOf:
    """A palette of the `count` colours that describe a picture best."""

    image: ImageFile
    count: int


@dataclass(frozen=True, kw_only=True)
class Colour:
    """What happens to a frame's colours.

    Attributes:
        match: what they are matched to before refinement: one of `COLOUR_MATCHES`, or a picture; None for nothing.
        amount: how far they are moved, in [0, 1].
        method: one of `COLOUR_METHODS`.
        contrast: the standard deviation of lightness that they are given, in OKLab; None leaves it.
        palette: colours as #rrggbb, or where they are taken from; empty if the frame needs none.
        lock: whether the finished frame has no colours but the palette's.
        dither: how much of what lies between two colours a locked frame shows as a pattern of both, in [0, 1].
    """

    match: str | ImageFile | None = None
    amount: float = 1.0
    method: str = "statistics"
    contrast: float | None = None
    palette: tuple[str, ...] | PaletteOf = ()
    lock: bool = False
    dither: float = 0.0
