"""How a camera moves from each frame to the next: the section `camera:`, integrated over the time between them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.curves import matrices
from pipeline.curves.array import Array
from pipeline.schedule.over_time.camera_path import flat_steps
from pipeline.schedule.sections.camera import LEAST_FOV, MOST_FOV, Camera
from render.errors import InputError
from render.spec.camera import CameraMove, FlatMove

_NEAREST = 0.02  # of the wall's distance: what the picture shows is at least as far ahead in the frame before
_LARGEST = 10.0  # factor by which a frame may enlarge or shrink the one before
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
    shot: Sequence[int]
    cuts: Collection[int]


class CameraOverTime:
    """The camera's motion from frame to frame.

    Args:
        cameras: those of the shots.

    Raises:
        InputError: it turns or drives too far from one frame to the next.
    """

    def __init__(self, cameras: Sequence[Camera], frames: Frames) -> None:
        self._frames = frames
        self._cameras = cameras
        self._fov = self._fovs()
        self._flat = self._flat_matrices() if any(camera.moves for camera in cameras) else None

    def at(self, number: int) -> CameraMove | None:
        """The motion to frame `number`, or to the frame after the last one of a loop; None if it rests."""
        if self._flat is None or number in self._frames.cuts:
            return None
        matrix = self._flat[number - 1]
        return None if np.array_equal(matrix, np.eye(3)) else FlatMove(matrix=_rounded(matrix))

    def _flat_matrices(self) -> Array:
        found = self._joined(flat_steps)
        for number, step in enumerate(found, start=1):
            if number not in self._frames.cuts and (wrong := _unseen(step, self._fov[number], self._frames.size)):
                raise InputError(f"camera: {wrong} from frame {number - 1} to frame {number}")
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
        shot = np.append(frames.shot, frames.shot[-1])[: len(frames.times)]
        found = np.empty(len(frames.times))
        for number in np.unique(shot):
            inside = shot == number
            found[inside] = self._cameras[number].fov.sample(frames.times[inside] - frames.starts[number])
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


def _unseen(step: Array, fov: float, size: tuple[int, int]) -> str:
    """What is wrong with a step that is too large; "" if nothing is."""
    if not np.isfinite(step).all():
        return "the motion is not a number"
    if abs(np.log(np.linalg.det(step))) > np.log(_LARGEST):
        return f"it drives so far that the picture changes its size by more than a factor of {_LARGEST:g}"
    right = np.tan(np.radians(fov) / 2)
    low = right * size[1] / size[0]
    corners = np.array([[x, y, 1.0] for x in (-right, right) for y in (-low, low)])
    if (np.linalg.solve(step, corners.T)[2] < _NEAREST).any():
        return "it turns so far that the picture shows what was behind it"
    return ""
