"""How a camera moves from one frame to the next, and the room that it moves in."""

from dataclasses import dataclass

from render.spec.pictures import ImageFile

DEPTHS = ("ground", "picture", "video", "model")
ESTIMATES = ("first", "again")
UNMOVED = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)  # the pose of a camera at the beginning


@dataclass(frozen=True, kw_only=True)
class FlatMove:
    """What a camera sees of a wall that stays at distance 1, straight ahead.

    Attributes:
        matrix: the 3x3 matrix, row by row, that moves the picture, in shares of width and height.
        gain: across and down; if given, a point shows what was at itself minus `gain` times the way on which the
            matrix would move it, which is how Deforum and Disco move a picture in 3D.
    """

    matrix: tuple[float, ...]
    gain: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Depth:
    """How far away things are, as seen by a camera that has not moved.

    Attributes:
        kind: one of `DEPTHS`.
        horizon: where a camera that looks straight ahead sees the horizon, as a share of the height from the top.
        near, far: the distances of white and of black in a picture or video; grey is between them by its inverse. With
            a model, those of the nearest and the farthest thing in its first estimate.
        file: the picture or video.
        seconds: the time of a video's frame.
        fov: the angle of view of the camera that has seen a picture or video, in degrees.
        model: the name of the model that estimates it.
        every: the frames from one of its estimates to the next.
        smooth: how much of the older estimates stays in a new one, in [0, 1].
    """

    kind: str
    horizon: float = 0.5
    near: float = 1.0
    far: float = 1.0
    file: ImageFile | None = None
    seconds: float | None = None
    fov: float = 50.0
    model: str | None = None
    every: int | None = None
    smooth: float | None = None


@dataclass(frozen=True, kw_only=True)
class View:
    """Where a camera is and how it looks.

    Convention: x to the right, y down, z ahead; in the world these are the axes of the camera at the beginning, which
    is at 0. Distances are those of the schedule: 1 is the height above the ground.

    Attributes:
        pose: the 3x4 matrix, row by row, from the world to the camera.
        fov: the angle between the left and the right edge of the picture, in degrees.
    """

    pose: tuple[float, ...]
    fov: float


@dataclass(frozen=True, kw_only=True)
class RoomMove:
    """A camera that moves in a room.

    Attributes:
        before, after: the views of the previous frame and of this one.
        motion: the 3x3 matrix, row by row, by which `motion:` has moved the previous picture since the room was first
            seen, in shares of width and height; empty for not at all, and always with a model, which sees it moved.
        estimate: whether the model of `depth` estimates it before this motion, one of `ESTIMATES`: "first" for a room
            that is seen for the first time; None to go on with what is known.
    """

    depth: Depth
    before: View
    after: View
    motion: tuple[float, ...] = ()
    estimate: str | None = None


CameraMove = FlatMove | RoomMove
