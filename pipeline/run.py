"""The frame loop: timeline -> renderer -> frames and states -> video.

Frames are the record, the video is derived from them. A run continues where its folder says that it
stopped; what is done is decided by chained hashes (`pipeline.checkpoint`), never by counting files.
"""

import time
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import ffmpeg
from pipeline.atomic import remove_partial
from pipeline.checkpoint import chain
from pipeline.delivery.deliver import require
from pipeline.derive import derive
from pipeline.events import Event, Finished, Interrupted, Kept, Report, Started, only_events
from pipeline.folder import Origin, RunFolder
from pipeline.frames import FrameRecord
from pipeline.history import History
from pipeline.lock import only_writer
from pipeline.naming import base_of
from pipeline.planning import Range, Stretch, frame_range, missing_frames, plan
from pipeline.rendering import Rendering
from pipeline.report import RunReport, disown
from pipeline.schedule import Schedule
from pipeline.taking_back import Sources
from pipeline.timeline import Timeline
from render.spec import FrameSpec

if TYPE_CHECKING:
    from render.lockstep import Pending
    from render.renderer import Renderer

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
        self._history = History(folder)
        self._begin, self._end = frame_range(options.part or options.frames, len(self._timeline))
        self._hashes: list[str] = []

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
            if (kept := self._history.keep_finished(self._hashes)) is not None:
                yield Kept(schedule=self.title, folder=self.folder.path, place=kept.folder.path, number=kept.number)
            if not self._begin or part is None:  # one of all parts must say what the folder is
                self.folder.write_origin(self.schedule, replace(self._origin, models=digests))
            started = time.perf_counter()
            figures = RunReport()
            rendering = self._planned(figures)
            if rendering.stretches and not (yield from self._render(rendering, renderer, stop)):
                return
            count, made = self._end - self._begin, False
            if part is None:
                records = self._finished()
                made = derive(self.folder, self.schedule, records, figures, digests, binary, rendering.warn)
                yield from rendering.told()
                count = len(records)
        yield Finished(
            schedule=self.title,
            video=self.folder.video if made else None,
            frames=count,
            rendered=len(figures.frame_seconds),
            seconds=time.perf_counter() - started,
        )

    def _render(
        self, rendering: Rendering, renderer: GetRenderer, stop: Callable[[], bool]
    ) -> Generator["Event | Pending", None, bool]:
        """Whether all of it was rendered, not stopped."""
        models = renderer(rendering.warn)
        models.require_memory(self.schedule.output.size)
        rendering.figures.device = models.made_on
        disown(self.folder, of_others=False)  # from here on the video may be of other frames than there are
        state = rendering.start(models, rendering.stretches[0], None)
        stale = self._num_stale(rendering.warn)
        yield from rendering.told()
        yield Started(
            schedule=self.title,
            folder=self.folder.path,
            frames=len(self._timeline),
            first=rendering.stretches[0].shot if state is None else state.index + 1,
            last=self._end,
            stale=stale,
            device=str(models.device),
            begin=self._since,
            remaining=rendering.remaining,
        )
        stopped = yield from rendering.run(models, state, stop)
        if stopped is not None:
            yield self._interruption(stopped)
        return stopped is None

    def _planned(self, figures: RunReport) -> Rendering:
        """What is to be rendered, after what was rendered before has been taken."""
        options = self._options
        asked = None if options.frames is None else (self._begin, self._end)
        begin = self._begin if asked is None else 0
        current = [self._is_current(index) for index in range(self._end)]
        missing = missing_frames(current, begin, self._end, asked, options.fresh)
        if missing and not options.fresh:
            missing = self._not_rendered_before(missing, asked)
        return Rendering(
            title=self.title,
            timeline=self._timeline,
            hashes=self._hashes,
            frames=self._frames,
            states=self._states,
            stretches=self._stretches(missing, asked),
            anew=lambda index: options.fresh or (asked is not None and index >= asked[0]),
            since=self._since,
            figures=figures,
        )

    def _not_rendered_before(self, missing: list[int], asked: Range | None) -> list[int]:
        """The missing frames that are to be rendered; the others, and states, are taken from where they are."""
        sources = Sources(self._history.entries(), self._base)
        first_asked = asked[0] if asked else self._end
        taken = sources.frames(self._frames, self._hashes, [index for index in missing if index < first_asked])
        missing = [index for index in missing if index not in taken]
        if missing:
            sources.states(self._states, self._hashes, range(self._since, missing[-1] + 1))
        return missing

    def _stretches(self, missing: list[int], asked: Range | None) -> list[Stretch]:
        shots = ((begin, min(end, self._end)) for begin, end in self._timeline.independent() if begin < self._end)
        usable = [] if self._options.fresh else [index for index in self._states.kept() if self._may_start_from(index)]
        return plan(shots, missing, usable, asked and asked[0])

    def _may_start_from(self, index: int) -> bool:
        """Whether a state is of this schedule, as far as can be told: that it is damaged is reported on use."""
        note = self._states.note(index)
        return note is None or note.index != index or self._hashes[index : index + 1] == [note.frame_hash]

    @property
    def _base(self) -> list[RunFolder]:
        """The folder of the same schedule without what a trial changes."""
        origin = self._origin
        found = base_of(self.folder.path, Path(origin.file), origin.draft, origin.overrides)
        return (
            []
            if found is None
            else [RunFolder(found), *(entry.folder for entry in History(RunFolder(found)).entries())]
        )

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

    def _tidy(self) -> None:
        """What a run that was killed left half-written."""
        for folder in (self.folder.path, self._frames.folder, self._states.folder):
            remove_partial(folder)
        self._history.tidy()

    def _num_stale(self, warn: Callable[[str], None]) -> int:
        """Frames in the folder that the schedule would not make as they are; warns of what is no whole frame."""
        stale = 0
        for index in self._frames.present():
            record = self._frames.record(index)
            if record is None:
                warn(f"{self._frames.path(index)}: is torn or none of ours, and counts as missing")
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

    def _is_current(self, index: int) -> bool:
        record = self._frames.record(index)
        return record is not None and record.hash == self._hashes[index]

    def _finished(self) -> list[FrameRecord]:
        """The records of the first frames, up to the first one that is not there and current."""
        found = []
        for index, hash_ in enumerate(self._hashes):
            record = self._frames.record(index)
            if record is None or record.hash != hash_:
                break
            found.append(record)
        return found
