"""Carrying a plan out: from the nearest state to each frame that is missing, and every frame to the disk."""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from pipeline.run.events import Event
from pipeline.run.folder.writer import Writer
from pipeline.run.loop_end import LoopStart
from pipeline.run.plan import Stretch
from pipeline.run.rendered import RenderedFrames
from pipeline.run.reporting import Reporting, Written
from pipeline.schedule.timeline import Timeline

if TYPE_CHECKING:
    from render.renderer.renderer import Renderer
    from render.renderer.state import FrameState

PATIENCE = 0.02  # of a frame's time: so long the next one waits for the frame to be written, and reported


@dataclass(kw_only=True)
class FrameLoop:
    """The frames of one run, one after the other: each is the state after it, given the one before it."""

    timeline: Timeline
    stretches: Sequence[Stretch]
    rendered: RenderedFrames
    reporting: Reporting

    def start(self, renderer: "Renderer", stretch: Stretch, previous: "FrameState | None") -> "FrameState | None":
        """The state that a stretch starts from: a kept one, else the `previous` stretch's last; None for noise."""
        state = self.rendered.nearest(stretch, renderer, self.reporting.warn)
        if state is None:
            state = previous if stretch.after > stretch.shot else None
        elif state.index in stretch.missing:  # a state is saved before its frame
            self.rendered.write(state)
        self.reporting.expect_frames(stretch.first_after(None if state is None else state.index), stretch.end)
        return state

    def run(
        self, renderer: "Renderer", state: "FrameState | None", stop: Callable[[], bool]
    ) -> Generator[Event, None, int | None]:
        """Render the stretches, the first one from `state`; the frame before which it was stopped, else None."""
        with Writer[Written]() as writer:
            for number, stretch in enumerate(self.stretches):
                if number:
                    yield from self.reporting.done(writer.drain())  # its states may be those just written
                    state = self.start(renderer, stretch, state)
                for index in range(stretch.first_after(None if state is None else state.index), stretch.end):
                    if stop():
                        yield from self.reporting.done(writer.drain())
                        return index
                    state = yield from self._frame(renderer, state, index, writer)
            yield from self.reporting.done(writer.drain())
        return None

    def _frame(
        self, renderer: "Renderer", state: "FrameState | None", index: int, writer: Writer[Written]
    ) -> Generator[Event, None, "FrameState"]:
        """Render frame `index` and have it written, while those before it are reported as they are written."""
        from render.renderer.staging import to_host

        begun = time.perf_counter()
        spec = self.timeline.at(index)
        if spec.lead is not None:  # into a state that may not be on the disk yet
            yield from self.reporting.done(writer.drain())
            self._loop_start.require(renderer)
        try:
            state = renderer.step(state and self._loop_start.toward(state, spec, renderer), spec)
        except Exception:  # a frame that fails has often warned before
            yield from self.reporting.warnings()
            raise
        yield from self.reporting.warnings()
        seconds = time.perf_counter() - begun
        self.reporting.figures.add(spec, seconds)  # before the frame can be reported
        save = partial(self.rendered.save, to_host(state), renderer.made_on)
        yield from self.reporting.done(writer.put(save, PATIENCE * seconds))
        self.reporting.figures.add(spec, time.perf_counter() - begun)  # with what it waited for the disk
        return state

    @cached_property
    def _loop_start(self) -> LoopStart:
        """What the end of a loop is led into."""
        rendered = self.rendered
        return LoopStart(rendered.states, self.timeline, list(rendered.hashes), rendered.frames)
