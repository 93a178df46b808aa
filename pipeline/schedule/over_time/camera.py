"""How a camera moves from each frame to the next: the section `camera:`, integrated over the time between them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.curves import matrices
from pipeline.curves.array import Array
from pipeline.schedule.over_time.camera_path import flat_steps, room_steps
from pipeline.schedule.sections.camera import LEAST_FOV, MOST_FOV, Camera
from render.errors import InputError
from render.spec.camera import UNMOVED, Depth, FlatMove, RoomMove, View

_NEAREST = 0.02  # of the wall's distance: what the picture shows is at least as far ahead in the frame before
_LARGEST = 10.0  # factor by which a frame may enlarge or shrink the one before
_FARTHEST = 1000.0  # factor in size beyond which nothing is left of a room that `motion:` shrinks or enlarges
_DIGITS = 12  # so that another machine's rounding gives the same hash


@dataclass(frozen=True, kw_only=True)
class Frames:
    """The frames that a camera moves through.

    Attributes:
        times: of the frames in seconds, and of the frame that a loop moves to, if any.
        size: (width, height) in pixels.
        starts: of the shots, in seconds.
        shot: of each frame, its shot's number.
        cuts: the frames without a predecessor.
    """

    times: Array
    size: tuple[int, int]
    starts: Sequence[float]
    shot: NDArray[np.intp]
    cuts: Collection[int]


class CameraError(InputError):
    """A camera that cannot move as a schedule says.

    Attributes:
        wrong: what is wrong with it.
        shot: the number of the shot in which it is.
    """

    def __init__(self, wrong: str, shot: int) -> None:
        super().__init__(f"camera: {wrong}")
        self.wrong, self.shot = wrong, shot


class CameraOverTime:
    """The camera's motion from frame to frame.

    A room is fixed in the world of the camera as it was at the last cut, or where a shot that carries on has another
    depth. So it depends on the schedule alone, never on what was rendered: a resumed run sees the same one.

    Args:
        cameras, depths: those of the shots; None for flat.

    Raises:
        CameraError: it turns or drives too far from one frame to the next, or through a floor or picture.
    """

    def __init__(self, cameras: Sequence[Camera], depths: Sequence[Depth | None], frames: Frames) -> None:
        self._frames, self._cameras, self._depths = frames, cameras, depths
        self._shot = np.append(frames.shot, frames.shot[-1])[: len(frames.times)]
        moving = [depth for camera, depth in zip(cameras, depths, strict=True) if camera.moves]
        self._fov = self._fovs()
        self._origins = np.zeros(len(frames.times), dtype=int)  # the frame from which each one's room was first seen
        self._flat = self._flat_matrices() if None in moving else None
        self._poses = self._room_poses() if any(moving) else None

    def flat_at(self, number: int) -> FlatMove | None:
        """The motion to frame `number`, or to the frame after the last one of a loop; None if it rests or has depth."""
        if self._flat is None or self._depth(number) is not None or number in self._frames.cuts:
            return None
        matrix = self._flat[number - 1]
        return None if np.array_equal(matrix, np.eye(3)) else FlatMove(matrix=_rounded(matrix))

    def room_at(self, number: int, since_cut: Callable[[int], tuple[float, ...]]) -> RoomMove | None:
        """As `flat_at`, in a room; None if the camera rests, there is no depth, or nothing is left of the room.

        Args:
            since_cut: returns the matrix by which the picture has moved until a frame, see `RoomMove.motion`.
        """
        depth = self._depth(number)
        if self._poses is None or depth is None or number in self._frames.cuts:
            return None
        before, after = (_rounded(pose[:3]) for pose in self._poses[number])
        seen = [View(pose=before, fov=float(self._fov[number - 1])), View(pose=after, fov=float(self._fov[number]))]
        if seen[0] == seen[1]:
            return None
        return self._moved(number, number - 1, seen, since_cut)

    def since_cut(self, number: int, since_cut: Callable[[int], tuple[float, ...]]) -> RoomMove | None:
        """All motion in the room of frame `number` from where it was first seen; else as `room_at`."""
        if self._poses is None or self._depth(number) is None or number in self._frames.cuts:
            return None
        first, last = float(self._fov[self._origins[number]]), float(self._fov[number])
        seen = [View(pose=UNMOVED, fov=first), View(pose=_rounded(self._poses[number, 1, :3]), fov=last)]
        return None if seen[0] == seen[1] else self._moved(number, number, seen, since_cut)

    def _moved(
        self, number: int, shown: int, seen: Sequence[View], since_cut: Callable[[int], tuple[float, ...]]
    ) -> RoomMove | None:
        """A motion in the room of frame `number` of what frame `shown` shows; None if nothing is left of the room."""
        depth, origin = self._depth(number), int(self._origins[number])
        assert depth is not None
        if depth.file is not None:
            depth = replace(depth, fov=float(self._fov[origin]))
        if depth.kind == "video":
            seconds = max(0.0, self._frames.times[shown] - self._frames.starts[self._shot[number]])
            depth = replace(depth, seconds=round(float(seconds), _DIGITS))
        moved = _relative(since_cut(origin), since_cut(shown))
        if moved and not 1 / _FARTHEST < abs(np.linalg.det(np.reshape(moved, (3, 3)))) ** 0.5 < _FARTHEST:
            return None
        return RoomMove(depth=depth, before=seen[0], after=seen[1], motion=moved)

    def _depth(self, number: int) -> Depth | None:
        return self._depths[int(self._shot[number])]

    def _room_poses(self) -> Array:
        """The poses before and after every frame's motion: (n, 2, 4, 4)."""
        steps = self._joined(room_steps)
        found = np.broadcast_to(np.eye(4), (len(steps) + 1, 2, 4, 4)).copy()
        for number, step in enumerate(steps, start=1):
            if number in self._frames.cuts or (depth := self._depth(number)) is None:
                continue
            is_new = number - 1 in self._frames.cuts or depth != self._depth(number - 1)
            self._origins[number] = number - 1 if is_new else self._origins[number - 1]
            before = np.eye(4) if is_new else found[number - 1, 1]
            found[number] = before, step @ before
            turned = _unseen(step[:3, :3], self._fov[number], self._frames.size, depth.horizon)
            wrong = turned or _through(found[number, 1], depth)
            if wrong:
                raise self._error(wrong, number)
        return found

    def _error(self, wrong: str, number: int) -> CameraError:
        at = f"from frame {number - 1} to frame {number} ({self._frames.times[number]:.4g} s)"
        return CameraError(f"{wrong} {at}", int(self._shot[number]))

    def _flat_matrices(self) -> Array:
        found = self._joined(flat_steps)
        for number, step in enumerate(found, start=1):
            if number in self._frames.cuts or self._depth(number) is not None:
                continue
            if wrong := _unseen(step, self._fov[number], self._frames.size):
                raise self._error(wrong, number)
        before, after = (_lens(fov, self._frames.size) for fov in (self._fov[:-1], self._fov[1:]))
        return after @ found @ np.linalg.inv(before)

    def _joined(self, steps: Callable[[Camera, Array], Array]) -> Array:
        """The steps from frame to frame, (n - 1, k, k), where one frame's may lie in two shots."""
        times, starts = self._frames.times, self._frames.starts
        edges, parts = [np.zeros(1)], []
        for camera, start, end in zip(self._cameras, starts, (*starts[1:], np.inf), strict=True):
            inside = times[(times > start) & (times < end)]
            own = np.unique([start, *inside, min(end, times[-1])])
            if own[-1] > own[0]:
                parts.append(steps(camera, own - start))
                edges.append(own[1:])
        if not parts:
            return np.zeros((0, 3, 3))
        return matrices.products(np.concatenate(parts), np.searchsorted(np.concatenate(edges), times))

    def _fovs(self) -> Array:
        frames = self._frames
        found = np.empty(len(frames.times))
        for number in np.unique(self._shot):
            inside = self._shot == number
            found[inside] = self._cameras[int(number)].fov.sample(frames.times[inside] - frames.starts[number])
        return np.clip(found, LEAST_FOV, MOST_FOV)


def _rounded(matrix: Array) -> tuple[float, ...]:
    return tuple(float(number) + 0.0 for number in matrix.round(_DIGITS).ravel())


def _lens(fov: Array, size: tuple[int, int]) -> Array:
    """The matrices (n, 3, 3) that project what a camera sees to shares of width and height."""
    scale = 0.5 / np.tan(np.radians(fov) / 2)
    found = np.zeros((len(fov), 3, 3))
    found[:, 0, 0], found[:, 1, 1] = scale, scale * size[0] / size[1]
    found[:, :2, 2], found[:, 2, 2] = 0.5, 1.0
    return found


def _unseen(step: Array, fov: float, size: tuple[int, int], horizon: float = 0.5) -> str:
    """What is wrong with a step that is too large; "" if nothing is."""
    size_change = np.linalg.det(step) if np.isfinite(step).all() else np.inf  # rates are finite, so it overflowed
    if not 1 / _LARGEST < size_change < _LARGEST:
        return f"it drives so far that the picture changes its size by more than a factor of {_LARGEST:g}"
    right = np.tan(np.radians(fov) / 2)
    high = 2 * right * size[1] / size[0]
    corners = np.array([[x, y, 1.0] for x in (-right, right) for y in (-horizon * high, (1 - horizon) * high)])
    if (np.linalg.solve(step, corners.T)[2] < _NEAREST).any():
        return "it turns so far that the picture shows what was behind it"
    return ""


def _through(pose: Array, depth: Depth) -> str:
    """What is wrong with a pose that is below the ground, or beyond what is nearest in a picture; "" if nothing is."""
    if not np.isfinite(pose).all():
        return "the motion is not a number"
    position = -pose[:3, :3].T @ pose[:3, 3]
    if depth.kind == "ground":
        return "" if position[1] < 1 - _NEAREST else "it flies through the floor, which is 1 below where it began,"
    if position[2] < depth.near * (1 - _NEAREST):
        return ""
    return f"it flies through the picture, where the nearest is {depth.near:g} ahead of where it began,"


def _relative(first: tuple[float, ...], last: tuple[float, ...]) -> tuple[float, ...]:
    """The motion between two that are counted from the same frame; empty for none."""
    if first == last:
        return ()
    before = np.reshape(first, (3, 3))
    return _rounded(np.reshape(last, (3, 3)) @ np.linalg.inv(before)) if np.linalg.det(before) else (0.0,) * 9
