"""A picture that moves as the frames of a timeline do, drawn frame after frame or only at some of them."""

import copy

import numpy as np
from torch import Tensor

from pipeline.run.folder.frames import Pixels
from pipeline.schedule.timeline import Timeline
from pipeline.views.drifting import Drifting
from pipeline.views.endless import EndlessPicture
from pipeline.views.entering import LONGEST, Entering
from pipeline.views.pictures import Pictures
from pipeline.views.room import Room
from render.motion.displacements.camera import plane_matrix
from render.motion.transforms import Matrix
from render.spec import FrameMotion, FrameSpec


class Moving:
    """`picture` (1, 3, H, W) in [0, 1], moved by all motion since the last cut.

    Args:
        pictures: those of the schedule, which take its place; None to show none of them.
        longest: see `Entering`.
    """

    def __init__(
        self, timeline: Timeline, picture: Tensor, pictures: Pictures | None = None, longest: int = LONGEST
    ) -> None:
        self._timeline, self._picture, self._pictures, self._longest = timeline, picture, pictures, longest
        self._endless, self._begun = EndlessPicture(picture), picture
        self._room = Room(timeline)
        self._backwards: Matrix = np.eye(3)
        self._forget()

    def frame(self, spec: FrameSpec) -> Pixels:
        """Move on to the next frame and draw it: (H, W, 3)."""
        return self._drawn(spec, self.go(spec.index, spec.motion, spec.size))

    def go(self, index: int, motion: FrameMotion, size: tuple[int, int]) -> Matrix:
        """Move on to the next frame without drawing it; returns the motion from the frame before."""
        if index % len(self._timeline.times) in self._timeline.cuts - {0}:
            self._backwards = np.eye(3)
        if self._pictures is not None and index in self._timeline.cuts:
            self._begun = self._pictures.begin(self._timeline.at(index), self._picture)
            self._endless = EndlessPicture(self._begun)
        moves = plane_matrix(motion, size)
        self._backwards = self._endless.nearest(self._backwards @ np.linalg.inv(moves))
        self._room.go(index, motion, size)
        return moves

    def here(self) -> "Moving":
        """A copy that goes on from this frame; it does not know what has entered at the borders."""
        copied = copy.copy(self)
        copied._room = copy.copy(self._room)
        copied._forget()
        return copied

    def _forget(self) -> None:
        self._entering = Entering(self._timeline.fps, self._longest)
        self._drifting = Drifting(self._timeline.fps)

    def _drawn(self, spec: FrameSpec, moves: Matrix) -> Pixels:
        shown = self._room.drawn(self._begun, spec.size)
        if shown is None:
            plain = self._entering.over(self._endless.seen_through(self._backwards), spec, moves)
            shown = self._drifting.over(plain, spec)
        return _as_bytes(self._pictures.over(shown, spec) if self._pictures else shown)


def _as_bytes(picture: Tensor) -> Pixels:
    pixels: Pixels = picture[0].movedim(0, -1).mul(255).round().clamp(0, 255).byte().numpy()
    return pixels
