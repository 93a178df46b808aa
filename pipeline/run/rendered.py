"""Reads and writes the files of rendered frames: states to start from, and the states and frames to keep."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.run.folder.frames import FrameFolder, FrameRecord, checksum, to_pixels
from pipeline.run.folder.states import StateFolder
from pipeline.run.folder.writer import Turn
from pipeline.run.frame_events import Written
from pipeline.run.plan import Stretch
from render.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor

    from render.renderer.renderer import Renderer
    from render.renderer.staging import Arrived
    from render.renderer.state import FrameState


@dataclass(frozen=True, kw_only=True)
class RenderedFrames:
    """The frames and states in a run's folder.

    Attributes:
        hashes: chained hashes of all frames of the timeline.
        overwrites: whether to write a frame even if a file with the same record is there.
        first: the first frame of this run; states before it belong to other runs.
    """

    frames: FrameFolder
    states: StateFolder
    hashes: Sequence[str]
    overwrites: Callable[[int], bool]
    first: int

    def save(self, arrived: "Arrived", made_on: str, turn: Turn) -> Written:
        """Save a frame, and its state if that has come with it; called in one of the writer's threads.

        Args:
            arrived: the frame, see `render.renderer.staging.to_host`.
            made_on: device, precision and versions that computed it.
            turn: see `pipeline.run.folder.writer`.
        """
        # State before frame: if the process is killed between the two, neither is lost.
        if arrived.state is not None:
            self.save_state(arrived.state, made_on, turn)
        return arrived.index, self._write(arrived.index, arrived.frame, arrived.similarity, turn)

    def save_state(self, state: "FrameState", made_on: str, turn: Turn) -> None:
        """Save a state without its frame; arguments as for `save`."""
        self.states.save(state, self.hashes[state.index], made_on, self.first, turn)

    def write(self, state: "FrameState") -> FrameRecord:
        """Write the frame of a state, unless it is already there."""
        return self._write(state.index, state.frame, state.similarity)

    def _write(self, index: int, frame: "Tensor", cosine: "Tensor", turn: Turn | None = None) -> FrameRecord:
        pixels = to_pixels(frame)
        similarity = float(cosine[0])
        record = FrameRecord(
            hash=self.hashes[index],
            similarity=similarity if similarity == similarity else None,
            pixels=checksum(pixels),
        )
        if self.overwrites(index) or self.frames.record(index) != record:
            self.frames.write(index, pixels, record, turn)
        return record

    def nearest(self, stretch: Stretch, renderer: "Renderer", warn: Callable[[str], None]) -> "FrameState | None":
        """Load the nearest kept state that a stretch can start from; None if none is sound."""
        for index in stretch.states:
            note = self.states.note(index)
            try:
                state = self.states.load(index, renderer.device)
            except CheckpointError as error:
                warn(f"{error}; continuing from an earlier state")
                continue
            assert note is not None
            if note.made_on != renderer.made_on:
                warn(
                    f"started on {note.made_on}, continued on {renderer.made_on}: "
                    "from here on, frames differ slightly, and more over time"
                )
            return state
        return None
