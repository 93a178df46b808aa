"""The frame loop: timeline -> renderer -> frames and states -> video.

Frames are the record, the video is derived from them. A run continues where its folder says that it
stopped; what is done is decided by chained hashes (`pipeline.checkpoint`), never by counting files.
"""

import time
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

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
        part: (A, B) renders what is missing of frames A to B - 1 and makes no video, beside other runs of the
            folder's other frames. Frames A and B start from noise, or B is the end.
        ffmpeg: the program to use, see `pipeline.ffmpeg.find_binary`.
    """

    frames: tuple[int | None, int | None] | None = None
    fresh: bool = False
    part: tuple[int, int] | None = None
    ffmpeg: str | None = None


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Frames `begin` to `end` - 1, which hang on none before them; those before `done` are there."""

    begin: int
    end: int
    done: int


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
        self._begin, self._end = _frame_range(options.part or options.frames, len(self._timeline))
        self._hashes: list[str] = []
        self._wanted = np.zeros(len(self._timeline), dtype=bool)
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
        part = self.part
        with only_writer(self.folder.path, part):
            if part is None:
                self._tidy()
            self._hashes = chain(self._timeline, digests)
            if not self._begin or part is None:  # one of all parts must say what the folder is
                self.folder.write_origin(self.schedule, replace(self._origin, models=digests))
            started = time.perf_counter()
            figures = RunReport()
            if not (yield from self._render(renderer, figures, stop)):
                return
            count = self._end - self._begin
            if part is None:
                records = self._finished(0, len(self._hashes))
                derive(self.folder, self.schedule, records, figures, digests, binary, self._warn)
                yield from self._told()
                count = len(records)
        yield Finished(
            schedule=self.title,
            video=self.folder.video if part is None else None,
            frames=count,
            rendered=len(figures.frame_seconds),
            seconds=time.perf_counter() - started,
        )

    def _render(
        self, renderer: GetRenderer, figures: RunReport, stop: Callable[[], bool]
    ) -> Generator["Event | Pending", None, bool]:
        stretches = self._missing()
        if not stretches:
            return True
        models = renderer(self._warn)
        models.require_memory(self.schedule.output.size)
        figures.device = models.made_on
        self.folder.report.unlink(missing_ok=True)  # from here on the video may be of other frames than there are
        for stretch in stretches:
            self._wanted[stretch.done : stretch.end] = True
        state, first = self._start(models, stretches[0])
        stale = self._num_stale()
        yield from self._told()
        yield Started(
            schedule=self.title,
            folder=self.folder.path,
            frames=len(self._timeline),
            first=first,
            last=self._end,
            stale=stale,
            device=str(models.device),
            begin=self._since,
        )
        with Writer[tuple[int, FrameRecord]]() as writer:
            for stretch in stretches:
                if stretch is not stretches[0]:
                    state, first = self._start(models, stretch)
                self._wanted[stretch.begin : stretch.end] = False  # its last state may lie before `done` or behind
                self._wanted[first : stretch.end] = True
                if stretch.end > self.schedule.output.num_frames and (first >= self._timeline.num_led or stretch.begin):
                    yield from self._done(writer.drain(), figures)
                    self._heads.require(models)
                for index in range(first, stretch.end):
                    if stop():
                        yield from self._done(writer.drain(), figures)
                        yield self._interruption(index)
                        return False
                    state = yield from self._frame(models, state, index, writer, figures)
            yield from self._done(writer.drain(), figures)
        return True

    def _frame(
        self,
        models: "Renderer",
        state: "FrameState | None",
        index: int,
        writer: Writer[tuple[int, FrameRecord]],
        figures: RunReport,
    ) -> Generator["Event | Pending", None, "FrameState"]:
        """Refine frame `index` and have it written, while those before it are told as they are written."""
        from render.staging import to_host

        begun = time.perf_counter()
        spec = self._timeline.at(index)
        if spec.lead is not None:  # into a state that may not be on the disk yet
            yield from self._done(writer.drain(), figures)
        try:
            state = yield from models.steps(state and self._heads.lead(state, spec, models), spec)
        except Exception:  # a frame that fails has often warned before
            yield from self._told()
            raise
        yield from self._told()
        taken = time.perf_counter() - begun
        figures.add(spec, taken)  # before the frame can be told
        write = partial(self._save, to_host(state), models.made_on)
        yield from self._done(writer.put(write, PATIENCE * taken), figures)
        figures.add(spec, time.perf_counter() - begun)  # with what it waited for the disk
        return state

    def _missing(self) -> list[Stretch]:
        """The shots in which frames are missing; a range of frames that was asked for is taken as one."""
        num_done = (lambda begin, end: begin) if self._options.fresh else self._num_finished
        if self._options.frames is not None:
            return [Stretch(begin=0, end=self._end, done=num_done(0, self._end))]
        shots = ((begin, end) for begin, end in self._timeline.independent() if self._begin <= begin < self._end)
        found = [Stretch(begin=begin, end=end, done=num_done(begin, end)) for begin, end in shots]
        return [stretch for stretch in found if stretch.done < stretch.end]

    def _num_finished(self, begin: int, end: int) -> int:
        """The first frame of [begin, end) that is not there and current; `end` where all are."""
        return begin + len(self._finished(begin, end))

    @property
    def title(self) -> str:
        """By which events name it: the schedule's, with the frames of a part."""
        return self.schedule.title if self.part is None else "{} {}:{}".format(self.schedule.title, *self.part)

    @property
    def kind(self) -> Hashable:
        """See `Schedule.kind`."""
        return self.schedule.kind

    @property
    def apart(self) -> list[tuple[int, int]]:
        """See `Timeline.apart`; one range where frames were asked for."""
        return self._timeline.apart if self._options.frames is None else [(self._begin, self._end)]

    @property
    def cost(self) -> float:
        """See `Timeline.cost`."""
        return self._timeline.cost

    def of_part(self, part: tuple[int, int]) -> "Run":
        """The run of these frames alone."""
        return Run(self.schedule, self._origin, self.folder, replace(self._options, part=part))

    def of_the_rest(self) -> "Run":
        """The run of what is still missing when its parts are through: the video."""
        return Run(self.schedule, self._origin, self.folder, replace(self._options, fresh=False))

    @property
    def part(self) -> tuple[int, int] | None:
        """See `RunOptions.part`."""
        return self._options.part

    @property
    def _since(self) -> int:
        """The first frame that is any of its business: a part's begin."""
        return 0 if self.part is None else self._begin

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
        self._warnings.append(Warned(schedule=self.title, message=text))

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
        return Interrupted(schedule=self.title, folder=self.folder.path, done=done, frames=self._end, go_on=go_on)

    def _start(self, renderer: "Renderer", stretch: Stretch) -> tuple["FrameState | None", int]:
        """The state to go on from and the first frame to render."""
        # A state is saved before its frame, so it may be one ahead; a range is rendered anew.
        newest = stretch.done if self._options.frames is None else min(stretch.done, self._begin) - 1
        usable = range(stretch.begin, min(newest + 1, stretch.end))
        kept = [] if self._options.fresh else [index for index in self._states.kept() if index in usable]
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
            if index == stretch.done:
                self._write(state)
            return state, index + 1
        return None, stretch.begin

    def _save(self, arriving: "Callable[[], FrameState]", made_on: str) -> tuple[int, FrameRecord]:
        """Keep a frame; called in the writer's thread."""
        state = arriving()
        # State before frame: a kill between the two loses neither.
        self._states.save(state, self._hashes[state.index], made_on, self._since)
        return state.index, self._write(state)

    def _done(self, written: Iterable[tuple[int, FrameRecord]], figures: RunReport) -> Iterator[FrameDone]:
        for index, record in written:
            yield FrameDone(
                schedule=self.title,
                index=index,
                remaining=int(self._wanted[index + 1 :].sum()),
                seconds=figures.frame_seconds[index],
                steps_per_second=figures.steps_per_second,
                similarity=record.similarity,
                seconds_left=figures.seconds_left(self._timeline.num_steps[index + 1 :][self._wanted[index + 1 :]]),
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

    def _finished(self, begin: int, end: int) -> list[FrameRecord]:
        """The records of frames `begin` to `end` - 1, up to the first one that is not there and current."""
        found = []
        for index in range(begin, end):
            record = self._frames.record(index)
            if record is None or record.hash != self._hashes[index]:
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
