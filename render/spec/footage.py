"""What a frame takes from footage: a picture of the source, and the motion between two of its pictures."""

from dataclasses import dataclass

from render.spec.camera import RoomMove
from render.spec.pictures import ImageFile
from render.spec.regions import Region


@dataclass(frozen=True, kw_only=True)
class SourceImage:
    """What a source shows in one frame: one frame of a clip, or a picture file.

    Attributes:
        number: of the clip's frame, in the order in which they are shown, from 0; None for a picture file.
        fit, background: see `Picture`.
        window: left, top, width and height of the part that is shown, in shares of it, before it is fitted.
        motion: the 3x3 matrix, row by row, by which the frame's motion has moved it since the last cut, in shares of
            width and height; empty if it stands still.
        camera: how a camera in a room has moved since the cut, which moves it after that; None if it has not.
    """

    file: ImageFile
    number: int | None = None
    fit: str = "crop"
    background: str = "#ffffff"
    window: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    motion: tuple[float, ...] = ()
    camera: RoomMove | None = None


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What moves between two pictures of a source, as it moves the frame.

    Attributes:
        before, after: the pictures, which `before.motion` and `before.camera` have moved alike.
        amount: how far the frame moves for what moves in them: 1 for as far.
        smooth: the radius (standard deviation) over which the motion is averaged, as a share of the picture's height.
        region: where it moves the frame; None for everywhere.
        method: what finds it: "dis", or the name of a model.
    """

    before: SourceImage
    after: SourceImage
    amount: float = 1.0
    smooth: float = 0.0
    region: Region | None = None
    method: str = "dis"


@dataclass(frozen=True, kw_only=True)
class SourceFrame:
    """The source of one frame.

    Attributes:
        mix: how much of the last result, moved, is in what refinement starts from, in [0, 1], where the motion is
            known; the rest is the source's own picture, and where nothing is known, all of it.
    """

    image: SourceImage
    mix: float = 0.0
