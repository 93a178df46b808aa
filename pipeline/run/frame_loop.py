"""The frame loop: carries out a plan, renders every missing frame from the nearest state and writes it to the disk."""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.run.events import Event
from pipeline.run.folder.writer import Writer
from pipeline.run.frame_events import FrameEvents, Written
from pipeline.run.handover import Clock, Handover, NotFiniteError
from pipeline.run.loop_end import LoopStart
from pipeline.run.plan import Stretch
from pipeline.run.rendered import RenderedFrames
from pipeline.schedule.timeline import Timeline

if TYPE_CHECKING:
    from render.renderer.renderer import Renderer
    from render.renderer.state import FrameState

PATIENCE = 0.02  # share of a frame's render time that the next frame waits for this one to be written and reported


@dataclass(kw_only=True)
class FrameLoop:
    """Renders the frames of one run, one after the other: each state is computed from the one before it."""

    timeline: Timeline
    stretches: Sequence[Stretch]
    rendered: RenderedFrames
    frame_events: FrameEvents
    clock: Clock = time.monotonic

    def start(self, renderer: "Renderer", stretch: Stretch, previous: "FrameState | None") -> "FrameState | None":
        """The state that a stretch starts from: a kept one, else the last of the `previous` stretch; None for noise."""
        state = self.rendered.nearest(stretch, renderer, self.frame_events.warn)
        if state is None:
            state = previous if stretch.after > stretch.shot else None
        elif state.index in stretch.missing:  # the state was saved, but the run ended before its frame was written
            self.rendered.write(state)
        self.frame_events.expect_frames(stretch.first_after(None if state is None else state.index), stretch.end)
        return state

    def run(
        self, renderer: "Renderer", state: "FrameState | None", stop: Callable[[], bool]
    ) -> Generator[Event, None, int | None]:
        """Render the stretches, the first from `state`. Returns the frame before which it was stopped, or None."""
        with Writer[Written]() as writer:
            handover = Handover(writer, self.rendered, renderer.made_on, self.clock)
            try:
                for number, stretch in enumerate(self.stretches):
                    if number:  # the stretch before is written: this one may start from its last state
                        state = self.start(renderer, stretch, state)
                    stopped, state = yield from self._stretch(renderer, state, stretch, handover, stop)
                    if stopped is not None:
                        return stopped
            except BaseException:  # an error, SIGTERM, or the run is being closed
                handover.end_early()
                raise
        return None

    def _stretch(
        self,
        renderer: "Renderer",
        state: "FrameState | None",
        stretch: Stretch,
        handover: Handover,
        stop: Callable[[], bool],
    ) -> Generator[Event, None, "tuple[int | None, FrameState | None]"]:
        """Render and write a stretch from `state`; return the frame before which it was stopped, and the last state."""
        begin = stretch.first_after(None if state is None else state.index)
        checked = renderer.checks_at_once
        while True:
            try:
                for index in range(begin, stretch.end):
                    if stop():
                        handover.end_early()
                        yield from self.frame_events.done(handover.drain())
                        return index, state
                    state = yield from self._frame(renderer, state, index, stretch, handover, checked=checked)
                    checked = renderer.checks_at_once
                yield from self.frame_events.done(handover.drain())
                return None, state
            except NotFiniteError as found:  # once more, and now what is done about it
                begin, state, checked = found.index, handover.back_to(found.index), True

    def _frame(
        self,
        renderer: "Renderer",
        before: "FrameState | None",
        index: int,
        stretch: Stretch,
        handover: Handover,
        *,
        checked: bool,
    ) -> Generator[Event, None, "FrameState"]:
        """Render frame `index` and queue it for writing; meanwhile report earlier frames as they are written."""
        begun = time.perf_counter()
        spec = self.timeline.at(index)
        if spec.lead is not None:  # it is blended toward a state that may not be on the disk yet
            yield from self.frame_events.done(handover.drain())
            self._loop_start.require(renderer)
        try:
            previous = before and self._loop_start.toward(before, spec, renderer)
            state = renderer.step(previous, spec, checked=checked)
        except Exception:  # a frame that fails has often warned first
            yield from self.frame_events.warnings()
            if not checked:  # perhaps only because one before it is not finite
                yield from self.frame_events.done(handover.drain())
            raise
        yield from self.frame_events.warnings()
        seconds = time.perf_counter() - begun
        self.frame_events.figures.add(spec, seconds)  # needed before the frame can be reported
        yield from self.frame_events.done(handover.put(state, before, stretch, PATIENCE * seconds))
        self.frame_events.figures.add(spec, time.perf_counter() - begun)  # now including the wait for the disk
        return state

    @cached_property
    def _loop_start(self) -> LoopStart:
        """The states at the beginning of a loop, which its end is blended into."""
        rendered = self.rendered
        return LoopStart(rendered.states, self.timeline, list(rendered.hashes), rendered.frames)
