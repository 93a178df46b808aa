"""The frame loop: timeline -> renderer -> frames and states -> video.

Frames are the record, the video is derived from them. A run continues where its folder says that it
stopped; what is done is decided by chained hashes (`pipeline.checkpoint`), never by counting files.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from pipeline import ffmpeg
from pipeline.atomic import remove_partial
from pipeline.checkpoint import chain
from pipeline.delivery.deliver import require
from pipeline.derive import derive
from pipeline.events import Event, Finished, FrameDone, Interrupted, Report, Started, Warned, only_events
from pipeline.folder import Origin, RunFolder
from pipeline.frames import FrameRecord, checksum, to_pixels
from pipeline.leading import Heads
from pipeline.lock import only_writer
from pipeline.report import RunReport
from pipeline.schedule import Schedule
from pipeline.timeline import Timeline
from pipeline.writer import Writer
from render.errors import CheckpointError, InputError
from render.spec import FrameSpec

if TYPE_CHECKING:
    from render.lockstep import Pending
    from render.renderer import FrameState, Renderer

PATIENCE = 0.02  # of a frame's time: so long the next one waits for the frame to be on the disk, and told

GetRenderer = Callable[[Callable[[str], None]], "Renderer"]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Run matters: nothing here changes a pixel.

    Attributes:
        frames: (A, B) renders frames A to B - 1, anew if they are there; None renders what is missing.
        fresh: start anew whatever is there.
        ffmpeg: the program to use, see `pipeline.ffmpeg.find_binary`.
    """

    frames: tuple[int | None, int | None] | None = None
    fresh: bool = False
    ffmpeg: str | None = None


class Run:
    """One schedule and its folder.

    Args:
        origin: where the schedule came from; kept in the folder.

    Raises:
        InputError: a range of frames outside the schedule.
    """

    def __init__(self, schedule: Schedule, origin: Origin, folder: RunFolder, options: RunOptions) -> None:
        self.schedule = schedule
        self.folder = folder
        self._origin = origin
        self._options = options
        self._timeline = Timeline(schedule)
        self._frames = folder.frames
        self._states = folder.states(schedule)
        self._begin, self._end = _frame_range(options.frames, len(self._timeline))
        self._hashes: list[str] = []
        self._warnings: list[Warned] = []

    def execute(
        self, digests: Mapping[str, Any], renderer: GetRenderer, report: Report, stop: Callable[[], bool]
    ) -> bool:
        """Go through all `events` and report them; return whether the run was finished, not stopped."""
        event: Event | None = None
        for event in self.events(digests, renderer, stop):
            report(event)
        return isinstance(event, Finished)

    def events(self, digests: Mapping[str, Any], renderer: GetRenderer, stop: Callable[[], bool]) -> Iterator[Event]:
        """Render what is missing and make the video, and tell of it: the last event is Finished or Interrupted.

        The folder is locked until the last event was taken or the iterator closed.

        Args:
            digests: of the schedule's models, see `LocatedModels.digests`.
            renderer: loads them, given who hears warnings; called only if there is a frame to render.
            stop: asked before every frame; True ends the run there.

        Raises:
            RunError: rendering or encoding failed, or another run writes into the folder; every
                finished frame is kept.
        """
        return only_events(self.work(digests, renderer, stop))

    def work(
        self, digests: Mapping[str, Any], renderer: GetRenderer, stop: Callable[[], bool]
    ) -> Generator["Event | Pending", None, None]:
        """All `events`, and in between the refinements of frames, for whoever wants to take their steps.

        Args and raises: see `events`.
        """
        binary = ffmpeg.find_binary(self._options.ffmpeg)  # before hours of work, not after
        require(self.schedule.output.video)
        with only_writer(self.folder.path):
            self._tidy()
            self._hashes = chain(self._timeline, digests)
            self.folder.write_origin(self.schedule, replace(self._origin, models=digests))
            started = time.perf_counter()
            figures = RunReport()
            if not (yield from self._render(renderer, figures, stop)):
                return
            records = self._finished()
            derive(self.folder, self.schedule, records, figures, digests, binary, self._warn)
            yield from self._told()
        yield Finished(
            schedule=self.schedule.title,
            video=self.folder.video,
            frames=len(records),
            rendered=len(figures.frame_seconds),
            seconds=time.perf_counter() - started,
        )

    def _render(
        self, renderer: GetRenderer, figures: RunReport, stop: Callable[[], bool]
    ) -> Generator["Event | Pending", None, bool]:
        done = 0 if self._options.fresh else len(self._finished())
        if self._options.frames is None and done >= self._end:
            return True
        from render.staging import to_host

        models = renderer(self._warn)
        models.require_memory(self.schedule.output.size)
        figures.device = models.made_on
        self.folder.report.unlink(missing_ok=True)  # from here on the video may be of other frames than there are
        state, first = self._start(models, done)
        if first >= self._timeline.num_led and self._end > self.schedule.output.num_frames:
            self._heads.require(models)
        stale = self._num_stale()
        yield from self._told()
        yield Started(
            schedule=self.schedule.title,
            folder=self.folder.path,
            frames=len(self._timeline),
            first=first,
            last=self._end,
            stale=stale,
            device=str(models.device),
        )
        begun = time.perf_counter()
        with Writer[tuple[int, FrameRecord]]() as writer:
            for index in range(first, self._end):
                if stop():
                    yield from self._done(writer.drain(), figures)
                    yield self._interruption(index)
                    return False
                spec = self._timeline.at(index)
                if spec.lead is not None:  # into a state that may not be on the disk yet
                    yield from self._done(writer.drain(), figures)
                try:
                    state = yield from models.steps(state and self._heads.lead(state, spec, models), spec)
                except Exception:  # a frame that fails has often warned before
                    yield from self._told()
                    raise
                yield from self._told()
                write = partial(self._save, to_host(state), models.made_on)
                taken, begun = time.perf_counter() - begun, time.perf_counter()
                figures.add(spec, taken)  # before the frame can be told
                yield from self._done(writer.put(write, PATIENCE * taken), figures)
            yield from self._done(writer.drain(), figures)
        return True

    @property
    def asked(self) -> list[FrameSpec]:
        """The frames that are to be there in the end, whether they are already or not."""
        return [self._timeline.at(index) for index in range(self._begin, self._end)]

    @cached_property
    def _heads(self) -> Heads:
        """What the end of a loop is led into."""
        return Heads(self._states, self._timeline, self._hashes, self._frames)

    def _tidy(self) -> None:
        """What a run that was killed left half-written."""
        for folder in (self.folder.path, self._frames.folder, self._states.folder):
            remove_partial(folder)

    def _warn(self, text: str) -> None:
        self._warnings.append(Warned(schedule=self.schedule.title, message=text))

    def _told(self) -> Iterator[Warned]:
        """The warnings that came up since they were last told."""
        while self._warnings:
            yield self._warnings.pop(0)

    def _num_stale(self) -> int:
        """Frames in the folder that the schedule would not make as they are; warns of what is no whole frame."""
        stale = 0
        for index in self._frames.present():
            record = self._frames.record(index)
            if record is None:
                self._warn(f"{self._frames.path(index)}: is torn or none of ours, and counts as missing")
            elif index >= len(self._hashes) or record.hash != self._hashes[index]:
                stale += 1
        return stale

    def _interruption(self, done: int) -> Interrupted:
        go_on = "run the same command again to go on"
        if self._options.fresh:
            go_on = "run it again without --fresh to go on"
        elif self._options.frames is not None:
            go_on = f"run it with --frames {done}:{self._end} to go on"
        title = self.schedule.title
        return Interrupted(schedule=title, folder=self.folder.path, done=done, frames=self._end, go_on=go_on)

    def _start(self, renderer: "Renderer", done: int) -> tuple["FrameState | None", int]:
        """The state to go on from and the first frame to render."""
        # A state is saved before its frame, so it may be one ahead; a range is rendered anew.
        newest = done if self._options.frames is None else min(done, self._begin) - 1
        kept = [] if self._options.fresh else [index for index in self._states.kept() if index <= newest]
        for index in reversed(kept):
            note = self._states.note(index)
            if note is not None and note.index == index and note.frame_hash != self._hashes[index]:
                continue  # of what the schedule was before
            try:
                state = self._states.load(index, renderer.device)
            except CheckpointError as error:
                self._warn(f"{error}; going on from an earlier state")
                continue
            assert note is not None
            if note.made_on != renderer.made_on:
                self._warn(f"begun on {note.made_on}, going on on {renderer.made_on}: frames may differ minutely")
            if index == done:
                self._write(state)
            return state, index + 1
        return None, 0

    def _save(self, arriving: "Callable[[], FrameState]", made_on: str) -> tuple[int, FrameRecord]:
        """Keep a frame; called in the writer's thread."""
        state = arriving()
        # State before frame: a kill between the two loses neither.
        self._states.save(state, self._hashes[state.index], made_on)
        return state.index, self._write(state)

    def _done(self, written: Iterable[tuple[int, FrameRecord]], figures: RunReport) -> Iterator[FrameDone]:
        for index, record in written:
            yield FrameDone(
                schedule=self.schedule.title,
                index=index,
                remaining=self._end - index - 1,
                seconds=figures.frame_seconds[index],
                steps_per_second=figures.steps_per_second,
                similarity=record.similarity,
                seconds_left=figures.seconds_left(self._timeline.num_steps[index + 1 : self._end]),
            )

    def _write(self, state: "FrameState") -> FrameRecord:
        pixels = to_pixels(state.image)
        similarity = float(state.similarity[0])
        record = FrameRecord(
            hash=self._hashes[state.index],
            similarity=similarity if similarity == similarity else None,
            pixels=checksum(pixels),
        )
        asked = self._options.fresh or (self._options.frames is not None and state.index >= self._begin)
        if asked or self._frames.record(state.index) != record:
            self._frames.write(state.index, pixels, record)
        return record

    def _finished(self) -> list[FrameRecord]:
        """The records of the frames from the first on that are there and current."""
        found = []
        for index, wanted in enumerate(self._hashes):
            record = self._frames.record(index)
            if record is None or record.hash != wanted:
                break
            found.append(record)
        return found


def _frame_range(frames: tuple[int | None, int | None] | None, count: int) -> tuple[int, int]:
    """The half-open range of frames to render, within the schedule.

    Raises:
        InputError: it is empty or lies outside.
    """
    begin, end = frames or (None, None)
    begin, end = begin or 0, count if end is None else end
    if not 0 <= begin < end <= count:
        raise InputError(f"--frames {begin}:{end}: expected A:B with 0 <= A < B <= {count}, the number of frames")
    return begin, end
