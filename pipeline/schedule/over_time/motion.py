"""How the picture moves from each frame to the next: the section `motion:`, integrated over the time between them."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from pipeline.schedule.over_time.camera import CameraOverTime, Frames
from pipeline.schedule.over_time.travel import Travel
from pipeline.schedule.sections.motion import Motion
from pipeline.schedule.sections.motion_shake import moves
from pipeline.schedule.sections.shots import Shot
from render import catalogue
from render.errors import InputError
from render.motion import transforms
from render.spec import FrameMotion
from render.spec.camera import CameraMove, RoomMove, Seen


class MotionOverTime:
    """The motion of every frame.

    Args:
        size: (width, height) of the picture in pixels.
        times: of the frames, in seconds.
        end: the time of the frame after the last one, which a loop moves to; None without a loop.
        cuts: the frames without a predecessor.
        shots: all of them, which have the cameras.
        shot: of each frame, its shot's number.

    Raises:
        InputError: a formula has no value somewhere between two frames, or the camera moves too far between them.
    """

    def __init__(
        self,
        motion: Motion,
        size: tuple[int, int],
        times: Array,
        end: float | None,
        cuts: Collection[int],
        shots: Sequence[Shot],
        shot: NDArray[np.intp],
    ) -> None:
        self._motion, self._size, self._cuts, self._count = motion, size, cuts, len(times)
        self._end = end
        self._times = times if end is None else np.append(times, end)
        self._amounts = {name: self._amounts_of(name) for name in motion.rates}
        for name, amounts in self._shaken().items():
            self._amounts[name] = self._amounts.get(name, 0.0) + amounts
        self._center = [curve.sample(times) for curve in motion.center]
        starts = [each.start for each in shots]
        frames = Frames(times=self._times, size=size, starts=starts, shot=shot, cuts=cuts)
        cameras, depths = ([each.sections[name] for each in shots] for name in ("camera", "depth"))
        self._camera = CameraOverTime(cameras, depths, frames)
        self._travel = Travel(len(times), size, cuts, self._plane_at)

    def at(self, index: int) -> FrameMotion:
        """The motion from frame `index` - 1 to frame `index`; past the end of a loop, that of its beginning."""
        number = index if index == self._count else index % self._count
        room = self._camera.room_at(number, self.since_cut if self._amounts else lambda index: ())
        found = self._plane_at(index)
        return found if room is None else replace(found, camera=room)

    def camera_at(self, number: int) -> CameraMove | None:
        """How the camera moves to a frame, or to the one after the last of a loop, as if nothing else moved."""
        return self._camera.room_at(number, lambda index: ()) or self._camera.flat_at(number)

    def seen_at(self, index: int) -> Seen | None:
        """What frame `index` shows of a room; None if its depth is flat."""
        return self._camera.seen_at(index % self._count, self.since_cut if self._amounts else lambda index: ())

    def _plane_at(self, index: int) -> FrameMotion:
        """As `at`, without a camera in a room."""
        moment = index % self._count
        number = index if index == self._count else moment
        amounts = {name: float(values[number]) for name, values in self._amounts.items()}
        return FrameMotion(
            transforms={
                name: amount
                for name, amount in amounts.items()
                if amount != catalogue.load(transforms, name).TRANSFORM.neutral
            },
            center=(float(self._center[0][moment]), float(self._center[1][moment])),
            camera=self._camera.flat_at(number),
        )

    def since_cut(self, index: int) -> tuple[float, ...]:
        """All motion since the last cut as one matrix, see `Travel.at`."""
        return self._travel.at(index)

    def room_since_cut(self, number: int) -> RoomMove | None:
        """All motion of a camera in a room until frame `number`, which comes after that of `since_cut`."""
        return self._camera.since_cut(number, self.since_cut if self._amounts else lambda index: ())

    def so_far(self) -> dict[str, Array]:
        """How far each transform has moved the picture at every frame; of a multiplicative one, the logarithm."""
        return {
            name: np.cumsum(np.log(amounts) if catalogue.load(transforms, name).TRANSFORM.multiplicative else amounts)
            for name, amounts in self._amounts.items()
        }

    def _amounts_of(self, name: str) -> Array:
        """The amount of a transform between frame i-1 and frame i, for every i; neutral for the first frame and cuts.

        Raises:
            InputError: a formula has no value somewhere between two frames.
        """
        transform = catalogue.load(transforms, name).TRANSFORM
        curve = self._motion.rates[name]
        moved = np.diff(curve.accumulate(self._times, logarithmic=transform.multiplicative), prepend=0.0)
        if not np.isfinite(moved).all():
            index = int((~np.isfinite(moved)).argmax())
            raise InputError(f"motion.{name}: the motion from frame {index - 1} to frame {index} is not a number")
        moved[list(self._cuts)] = 0.0
        return np.exp(moved) if transform.multiplicative else moved

    def _shaken(self) -> dict[str, Array]:
        """What a shaking camera adds to the amounts of transforms, as `_amounts_of` returns them."""
        if self._motion.shake is None:
            return {}
        found = moves(self._motion.shake, self._times, self._size, self._end)
        still = np.isin(np.arange(len(self._times)), list(self._cuts))
        return {name: np.where(still, 0.0, np.append(0.0, amounts)) for name, amounts in found.items()}
