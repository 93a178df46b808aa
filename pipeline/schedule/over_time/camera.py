"""How a camera moves from each frame to the next: the section `camera:`, integrated over the time between them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.curves import matrices
from pipeline.curves.array import Array
from pipeline.curves.curve import Curve
from pipeline.schedule.over_time.camera_limits import CameraError, through, unseen
from pipeline.schedule.over_time.camera_matrices import DIGITS, is_lost, lens, relative, rounded
from pipeline.schedule.over_time.camera_path import flat_steps, room_steps
from pipeline.schedule.over_time.offsets import OffsetMoves
from pipeline.schedule.sections.camera import DEFORUM, LEAST_FOV, MOST_FOV, Camera
from render.spec.camera import UNMOVED, Depth, FlatMove, RoomMove, Seen, View


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
        self._fov = np.clip(self._sampled([camera.fov for camera in cameras]), LEAST_FOV, MOST_FOV)
        self._origins = np.zeros(len(frames.times), dtype=int)  # the frame from which each one's room was first seen
        self._flat = self._flat_matrices() if None in moving else None
        self._offsets = self._offset_moves() if any(map(self._is_offset, range(len(frames.times)))) else None
        self._poses = self._room_poses() if any(moving) else None
        self._begins = self._first_motions()

    def flat_at(self, number: int) -> FlatMove | None:
        """The motion to frame `number`, or to the frame after the last one of a loop; None if it rests or has depth."""
        if self._flat is None or self._depth(number) is not None or number in self._frames.cuts:
            return None
        if self._offsets is not None and self._is_offset(number):
            return self._offsets.at(number, DIGITS)
        matrix = self._flat[number - 1]
        return None if np.array_equal(matrix, np.eye(3)) else FlatMove(matrix=rounded(matrix))

    def room_at(self, number: int, since_cut: Callable[[int], tuple[float, ...]]) -> RoomMove | None:
        """As `flat_at`, in a room; None if the camera rests, there is no depth, or nothing is left of the room.

        Args:
            since_cut: returns the matrix by which the picture has moved until a frame, see `RoomMove.motion`.
        """
        depth = self._depth(number)
        if self._poses is None or depth is None or number in self._frames.cuts:
            return None
        before, after = self._views(number)
        if before == after:
            return None
        if depth.kind == "model":
            return RoomMove(depth=depth, before=before, after=after, estimate=self._estimate(number, depth))
        return self._moved(number, number - 1, (before, after), since_cut)

    def since_cut(self, number: int, since_cut: Callable[[int], tuple[float, ...]]) -> RoomMove | None:
        """All motion in the room of frame `number` from where it was first seen; else as `room_at`."""
        if self._poses is None or self._depth(number) is None or number in self._frames.cuts:
            return None
        first, last = float(self._fov[self._origins[number]]), float(self._fov[number])
        before, after = View(pose=UNMOVED, fov=first), View(pose=rounded(self._poses[number, 1, :3]), fov=last)
        return None if before == after else self._moved(number, number, (before, after), since_cut)

    def _moved(
        self, number: int, shown: int, views: tuple[View, View], since_cut: Callable[[int], tuple[float, ...]]
    ) -> RoomMove | None:
        """A motion in the room of frame `number` of what frame `shown` shows; None if nothing is left of the room."""
        depth, origin = self._depth(number), int(self._origins[number])
        assert depth is not None
        moved = relative(since_cut(origin), since_cut(shown))
        if is_lost(moved):
            return None
        before, after = views
        return RoomMove(depth=self._shown(depth, number, shown, origin), before=before, after=after, motion=moved)

    def _views(self, number: int) -> tuple[View, View]:
        """The views before and after a frame's motion."""
        assert self._poses is not None
        before, after = (rounded(pose[:3]) for pose in self._poses[number])
        return View(pose=before, fov=float(self._fov[number - 1])), View(pose=after, fov=float(self._fov[number]))

    def _estimate(self, number: int, depth: Depth) -> str | None:
        """When a model estimates a room, see `RoomMove.estimate`: every few frames, and after the camera has rested."""
        since = number - self._begins[int(self._origins[number])]
        if since == 0:
            return "first"
        before, after = self._views(number - 1)
        return "again" if since % (depth.every or 1) == 0 or before == after else None

    def seen_at(self, number: int, since_cut: Callable[[int], tuple[float, ...]]) -> Seen | None:
        """What frame `number` shows of its room, whether the camera moves or not; None if its depth is flat.

        Args:
            since_cut: as in `room_at`.
        """
        depth = self._depth(number)
        if depth is None:
            return None
        pose: tuple[float, ...] = UNMOVED
        origin = self._begun[number]
        if depth.kind == "model":  # looks at every frame as it is
            return Seen(depth=depth, view=View(pose=pose, fov=float(self._fov[number])), first=origin)
        if self._poses is not None and number not in self._frames.cuts:
            origin, pose = int(self._origins[number]), rounded(self._poses[number, 1, :3])
        return Seen(
            depth=self._shown(depth, number, number, origin),
            view=View(pose=pose, fov=float(self._fov[number])),
            motion=relative(since_cut(origin), since_cut(number)),
            first=origin,
        )

    @cached_property
    def _begun(self) -> list[int]:
        """By frame, the one from which on its room was seen by a camera that rests."""
        found: list[int] = []
        for number in range(len(self._shot)):
            shot, before = int(self._shot[number]), int(self._shot[max(0, number - 1)])
            same = shot == before or self._depths[shot] == self._depths[before]
            found.append(found[-1] if found and number not in self._frames.cuts and same else number)
        return found

    def _shown(self, depth: Depth, number: int, moment: int, origin: int) -> Depth:
        """The depth of a shot at the time of frame `moment`, as it was first seen from frame `origin`."""
        if depth.file is not None:
            depth = replace(depth, fov=float(self._fov[origin]))
        if depth.kind == "video":
            seconds = max(0.0, self._frames.times[moment] - self._frames.starts[self._shot[number]])
            depth = replace(depth, seconds=round(float(seconds), DIGITS))
        return depth

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
            turned = unseen(step[:3, :3], self._fov[number], self._frames.size, depth.horizon)
            wrong = turned or through(step if depth.kind == "model" else found[number, 1], depth)
            if wrong:
                raise self._error(wrong, number)
        return found

    def _first_motions(self) -> dict[int, int]:
        """The first frame to which the camera moves in a model's room, by the frame from which that was first seen."""
        found: dict[int, int] = {}
        for number in range(1, 0 if self._poses is None else len(self._poses)):
            depth = self._depth(number)
            if depth is not None and depth.kind == "model":
                before, after = self._views(number)
                if before != after:
                    found.setdefault(int(self._origins[number]), number)
        return found

    def _error(self, wrong: str, number: int) -> CameraError:
        at = f"from frame {number - 1} to frame {number} ({self._frames.times[number]:.4g} s)"
        return CameraError(f"{wrong} {at}", int(self._shot[number]))

    def _flat_matrices(self) -> Array:
        found = self._joined(flat_steps)
        for number, step in enumerate(found, start=1):
            if number in self._frames.cuts or self._depth(number) is not None or self._is_offset(number):
                continue
            if wrong := unseen(step, self._fov[number], self._frames.size):
                raise self._error(wrong, number)
        before, after = (lens(fov, self._frames.size) for fov in (self._fov[:-1], self._fov[1:]))
        return after @ found @ np.linalg.inv(before)

    def _offset_moves(self) -> OffsetMoves:
        """The motions in shots with the projection of Deforum."""
        aspect = self._sampled([camera.aspect for camera in self._cameras])
        found = OffsetMoves(self._joined(room_steps), self._fov, aspect, self._frames.size)
        number = found.first_unseen(lambda number: self._is_offset(number) and number not in self._frames.cuts)
        if number is not None:
            raise self._error("it moves so far that the picture is turned over", number)
        return found

    def _is_offset(self, number: int) -> bool:
        return self._cameras[int(self._shot[number])].projection == DEFORUM and self._depth(number) is None

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

    def _sampled(self, curves: Sequence[Curve]) -> Array:
        """The value at every frame of a curve of its shot."""
        frames = self._frames
        found = np.empty(len(frames.times))
        for number in np.unique(self._shot):
            inside = self._shot == number
            found[inside] = curves[int(number)].sample(frames.times[inside] - frames.starts[number])
        return found
