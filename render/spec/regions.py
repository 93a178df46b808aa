"""Parts of a picture, and what is kept in them."""

from dataclasses import dataclass

from render.spec.pictures import ImageFile


@dataclass(frozen=True, kw_only=True)
class Region:
    """A part of the picture: a mask in [0, 1], drawn by an entry of `render.guidance.regions`.

    Attributes:
        kind: the entry's name.
        numbers: those of the kind, such as the edges of a box, in shares of the picture.
        file: the picture or video that the mask is read from.
        text: what the mask shows where it is found in the picture.
        parts: the regions that are combined.
        feather: the width of its soft edge, as a share of the picture's shorter side.
        invert: it is everything else.
        motion: the 3x3 matrix, row by row, that has moved it since the last cut, in shares of width and height;
            empty if it stands still.
    """

    kind: str
    numbers: tuple[float, ...] = ()
    file: ImageFile | None = None
    text: str = ""
    parts: tuple["Region", ...] = ()
    feather: float = 0.0
    invert: bool = False
    motion: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Keep:
    """What stays as it is.

    Attributes:
        region: where.
        image: the picture whose pixels are kept there; None for those of the frame's source or, without one, of the
            frame before, after this frame's motion.
        amount: how much of what is kept is seen, in [0, 1].
        seam: the width of the edge beyond the region in which it fades, as a share of the picture's shorter side.
    """

    region: Region
    image: ImageFile | None = None
    amount: float = 1.0
    seam: float = 0.0
