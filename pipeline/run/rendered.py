"""What is read and written of the frames that a run renders: states to start from, states and frames to keep."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.run.folder.frames import FrameFolder, FrameRecord, checksum, to_pixels
from pipeline.run.folder.states import StateFolder
from pipeline.run.plan import Stretch
from pipeline.run.reporting import Written
from render.errors import CheckpointError

if TYPE_CHECKING:
    from render.renderer.renderer import Renderer
    from render.renderer.state import FrameState


@dataclass(frozen=True, kw_only=True)
class RenderedFrames:
    """The frames and states of a run's folder.

    Attributes:
        hashes: of all frames of the timeline.
        overwrites: whether a frame is written even if a file with its record is there.
        first: states before this frame are not the run's own.
    """

    frames: FrameFolder
    states: StateFolder
    hashes: Sequence[str]
    overwrites: Callable[[int], bool]
    first: int

    def save(self, arriving: "Callable[[], FrameState]", made_on: str) -> Written:
        """Keep a state and its frame; called in the writer's thread.

        Args:
            arriving: waits for the state, see `render.renderer.staging.to_host`.
        """
        state = arriving()
        # State before frame: a kill between the two loses neither.
        self.states.save(state, self.hashes[state.index], made_on, self.first)
        return state.index, self.write(state)

    def write(self, state: "FrameState") -> FrameRecord:
        """Write the frame of a state, unless it is there already."""
        pixels = to_pixels(state.image)
        similarity = float(state.similarity[0])
        record = FrameRecord(
            hash=self.hashes[state.index],
            similarity=similarity if similarity == similarity else None,
            pixels=checksum(pixels),
        )
        if self.overwrites(state.index) or self.frames.record(state.index) != record:
            self.frames.write(state.index, pixels, record)
        return record

    def nearest(self, stretch: Stretch, renderer: "Renderer", warn: Callable[[str], None]) -> "FrameState | None":
        """The nearest of the kept states that a stretch can start from; None where none is sound."""
        for index in stretch.states:
            note = self.states.note(index)
            try:
                state = self.states.load(index, renderer.device)
            except CheckpointError as error:
                warn(f"{error}; going on from an earlier state")
                continue
            assert note is not None
            if note.made_on != renderer.made_on:
                warn(
                    f"begun on {note.made_on}, continued on {renderer.made_on}: "
                    "from here on frames differ a little, and more over time"
                )
            return state
        return None
