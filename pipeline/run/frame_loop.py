"""Carrying a plan out: from the nearest state to each frame that is missing, and every frame to the disk."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from pipeline.run.delivery.report import RunReport
from pipeline.run.events import Event, FrameDone, Warned
from pipeline.run.folder.frames import FrameFolder, FrameRecord, checksum, to_pixels
from pipeline.run.folder.states import StateFolder
from pipeline.run.folder.writer import Writer
from pipeline.run.loop_end import Heads
from pipeline.run.plan import Stretch
from pipeline.schedule.timeline import Timeline
from render.errors import CheckpointError

if TYPE_CHECKING:
    from render.renderer.renderer import Renderer
    from render.renderer.state import FrameState

PATIENCE = 0.02  # of a frame's time: so long the next one waits for the frame to be on the disk, and told

Written = tuple[int, FrameRecord]


@dataclass(kw_only=True)
class Rendering:
    """The frames of one run.

    Attributes:
        hashes: of all frames of the timeline.
        anew: whether a frame is written even if a file with its record is there.
        since: states before this frame are not the run's own.
        figures: filled while frames are rendered.
        warnings: what came up and was not told yet.
    """

    title: str
    timeline: Timeline
    hashes: Sequence[str]
    frames: FrameFolder
    states: StateFolder
    stretches: Sequence[Stretch]
    anew: Callable[[int], bool]
    since: int
    figures: RunReport
    warnings: list[Warned] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._wanted = np.zeros(len(self.timeline), dtype=bool)
        for stretch in self.stretches:
            self._wanted[stretch.first : stretch.end] = True

    @property
    def remaining(self) -> int:
        """How many frames are still to be rendered."""
        return int(self._wanted.sum())

    def start(self, models: "Renderer", stretch: Stretch, at_hand: "FrameState | None") -> "FrameState | None":
        """The state that a stretch starts from: a kept one, else the one `at_hand`; None for noise."""
        state: FrameState | None
        for index in stretch.states:
            note = self.states.note(index)
            try:
                state = self.states.load(index, models.device)
            except CheckpointError as error:
                self.warn(f"{error}; going on from an earlier state")
                continue
            assert note is not None
            if note.made_on != models.made_on:
                self.warn(
                    f"begun on {note.made_on}, continued on {models.made_on}: "
                    "from here on frames differ a little, and more over time"
                )
            if index in stretch.missing:  # a state is saved before its frame
                self._write(state)
            break
        else:
            state = at_hand if stretch.after > stretch.shot else None
        first = stretch.shot if state is None else state.index + 1
        self._wanted[first : stretch.end] = True
        return state

    def run(
        self, models: "Renderer", state: "FrameState | None", stop: Callable[[], bool]
    ) -> Generator[Event, None, int | None]:
        """Render the stretches, the first one from `state`; the frame before which it was stopped, else None."""
        with Writer[Written]() as writer:
            for number, stretch in enumerate(self.stretches):
                if number:
                    yield from self._done(writer.drain())  # its states may be those just written
                    state = self.start(models, stretch, state)
                first = stretch.shot if state is None else state.index + 1
                for index in range(first, stretch.end):
                    if stop():
                        yield from self._done(writer.drain())
                        return index
                    state = yield from self._frame(models, state, index, writer)
            yield from self._done(writer.drain())
        return None

    def warn(self, text: str) -> None:
        """Have it told with the next event."""
        self.warnings.append(Warned(schedule=self.title, message=text))

    def told(self) -> Iterator[Warned]:
        """The warnings that came up since they were last told."""
        while self.warnings:
            yield self.warnings.pop(0)

    def _frame(
        self, models: "Renderer", state: "FrameState | None", index: int, writer: Writer[Written]
    ) -> Generator[Event, None, "FrameState"]:
        """Refine frame `index` and have it written, while those before it are told as they are written."""
        from render.renderer.staging import to_host

        begun = time.perf_counter()
        spec = self.timeline.at(index)
        if spec.lead is not None:  # into a state that may not be on the disk yet
            yield from self._done(writer.drain())
            self._heads.require(models)
        try:
            state = models.step(state and self._heads.lead(state, spec, models), spec)
        except Exception:  # a frame that fails has often warned before
            yield from self.told()
            raise
        yield from self.told()
        taken = time.perf_counter() - begun
        self.figures.add(spec, taken)  # before the frame can be told
        write = partial(self._save, to_host(state), models.made_on)
        yield from self._done(writer.put(write, PATIENCE * taken))
        self.figures.add(spec, time.perf_counter() - begun)  # with what it waited for the disk
        return state

    @cached_property
    def _heads(self) -> Heads:
        """What the end of a loop is led into."""
        return Heads(self.states, self.timeline, list(self.hashes), self.frames)

    def _save(self, arriving: "Callable[[], FrameState]", made_on: str) -> Written:
        """Keep a frame; called in the writer's thread."""
        state = arriving()
        # State before frame: a kill between the two loses neither.
        self.states.save(state, self.hashes[state.index], made_on, self.since)
        return state.index, self._write(state)

    def _write(self, state: "FrameState") -> FrameRecord:
        pixels = to_pixels(state.image)
        similarity = float(state.similarity[0])
        record = FrameRecord(
            hash=self.hashes[state.index],
            similarity=similarity if similarity == similarity else None,
            pixels=checksum(pixels),
        )
        if self.anew(state.index) or self.frames.record(state.index) != record:
            self.frames.write(state.index, pixels, record)
        return record

    def _done(self, written: Iterable[Written]) -> Iterator[FrameDone]:
        for index, record in written:
            self._wanted[index] = False
            yield FrameDone(
                schedule=self.title,
                index=index,
                remaining=self.remaining,
                seconds=self.figures.frame_seconds[index],
                steps_per_second=self.figures.steps_per_second,
                similarity=record.similarity,
                seconds_left=self.figures.seconds_left(self.timeline.num_steps[self._wanted]),
            )
