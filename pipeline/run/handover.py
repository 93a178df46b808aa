"""Hands frames over to the writer, and with some of them their states: so often that a kill costs about a second.

A GPU has not made a frame yet when it is handed over. Whether it is finite is seen once it has arrived, when the next
one is under way already. One that is not is never written, nor is any after it, and the frame loop goes back to it.
"""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from pipeline.run.folder.states import KEPT_LATEST
from pipeline.run.folder.writer import DEPTH, Turn, Writer
from pipeline.run.frame_events import Written
from pipeline.run.plan import Stretch
from pipeline.run.rendered import RenderedFrames

if TYPE_CHECKING:
    from render.renderer.staging import Arrived
    from render.renderer.state import FrameState

INTERVAL = 1.0  # seconds of wall time

Clock = Callable[[], float]


class NotFiniteError(Exception):
    """A frame that was handed over is not finite; neither it nor a later one has been written."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class StatePace:
    """Chooses the frames of one run whose states are written.

    These are all that the folder keeps; the first one of a shot, whose many steps are not to be repeated; the last ones
    of a stretch, which another run may continue; and in between one about every second. If a frame takes more
    than half a second, that is every frame.

    Args:
        keeps: whether the folder keeps a state for good, see `StateFolder.keeps`.
        clock: the time in seconds.
    """

    def __init__(self, keeps: Callable[[int], bool], clock: Clock = time.monotonic) -> None:
        self._keeps = keeps
        self._clock = clock
        self._chosen = self._ended = clock()

    def chooses(self, index: int, stretch: Stretch) -> bool:
        """Whether to write the state after frame `index`, which has just been rendered. Asked once for every frame."""
        now = self._clock()
        next_frame = now + (now - self._ended)  # when it ends, if it takes as long as this one
        self._ended = now
        chosen = (
            next_frame - self._chosen > INTERVAL
            or index == stretch.shot
            or index >= stretch.end - KEPT_LATEST
            or self._keeps(index)
        )
        if chosen:
            self._chosen = now
        return chosen


class Handover:
    """Hands the frames of one run over to its writer.

    Args:
        made_on: see `RenderedFrames.save`.
    """

    def __init__(self, writer: Writer[Written], rendered: RenderedFrames, made_on: str, clock: Clock) -> None:
        self._writer = writer
        self._rendered = rendered
        self._made_on = made_on
        self._pace = StatePace(rendered.states.keeps, clock)
        self._unsaved: FrameState | None = None
        self._under_way: deque[tuple[int, FrameState | None]] = deque(maxlen=DEPTH + 2)

    def put(
        self, state: "FrameState", before: "FrameState | None", stretch: Stretch, patience: float
    ) -> Iterator[Written]:
        """Queue a frame of a stretch for writing; see `Writer.put`.

        Args:
            before: the state that it was computed from.

        Raises:
            NotFiniteError: this frame or an earlier one is not finite; see `back_to`.
        """
        from render.renderer.staging import to_host

        if state.finite is not None:
            self._under_way.append((state.index, before))
        with_state = self._pace.chooses(state.index, stretch)
        self._unsaved = None if with_state else state
        save = partial(self._save, state.index, to_host(state, with_state))
        yield from self._writer.put(save, patience)

    def _save(self, index: int, arriving: "Callable[[], Arrived]", turn: Turn) -> Written:
        arrived = arriving()
        if not arrived.is_finite:
            raise NotFiniteError(index)
        return self._rendered.save(arrived, self._made_on, turn)

    def drain(self) -> Iterator[Written]:
        """See `Writer.drain`. Raises as `put` does."""
        yield from self._writer.drain()

    def back_to(self, index: int) -> "FrameState | None":
        """Forget frame `index`, which is not finite, and all after it; return the state that it was computed from."""
        self._writer.start_again()
        self._unsaved = None
        before = dict(self._under_way)[index]
        self._under_way.clear()
        return before

    def end_early(self) -> None:
        """Queue the state of the last frame, if it has not been: the run ends here, and another one will continue.

        An error of this is not raised: it costs about a second, and the run may be ending with an error that matters.
        """
        from render.renderer.staging import to_host
        from render.renderer.state import is_finite

        state, self._unsaved = self._unsaved, None
        with contextlib.suppress(Exception):
            if state is not None and is_finite(state.image, state.latent, state.optimizer_state):
                arriving = to_host(state)

                def save(turn: Turn) -> None:
                    arrived = arriving().state
                    assert arrived is not None
                    self._rendered.save_state(arrived, self._made_on, turn)

                self._writer.put_last(save)
