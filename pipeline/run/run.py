"""One run: timeline -> renderer -> frames and states -> video.

Frames are the record, and the video is derived from them. A run continues where its folder says it stopped. Chained
hashes decide which frames are done (`pipeline.run.folder.hashes`), never the number of files.
"""

import time
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.run.delivery.deliver import require
from pipeline.run.delivery.derive import derive
from pipeline.run.events import RUN_AGAIN, Event, Finished, Interrupted, Kept, Started
from pipeline.run.folder.finished import mark_video_outdated
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.hashes import chain
from pipeline.run.folder.history import History
from pipeline.run.folder.lock import only_writer
from pipeline.run.frame_events import FrameEvents
from pipeline.run.frame_loop import FrameLoop
from pipeline.run.plan import Scope, Stretch
from pipeline.run.rendered import RenderedFrames
from pipeline.run.survey import Survey
from pipeline.schedule.origin import Origin
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from pipeline.storage.atomic import remove_partial
from pipeline.video import ffmpeg
from render.spec import FrameSpec

if TYPE_CHECKING:
    from render.renderer.renderer import Renderer

GetRenderer = Callable[[Callable[[str], None]], "Renderer"]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options of a run; none of them changes a pixel.

    Attributes:
        frames: (A, B) renders frames A to B - 1, even if they are there; None renders what is missing.
        fresh: render all frames again, whatever is there.
        part: (A, B) renders the missing frames from A to B - 1 and makes no video; other runs may render the folder's
            other frames at the same time. Frames A and B start from noise, or B is the end.
        ffmpeg: path of the ffmpeg program, see `pipeline.video.ffmpeg.find_binary`.
    """

    frames: tuple[int | None, int | None] | None = None
    fresh: bool = False
    part: tuple[int, int] | None = None
    ffmpeg: str | None = None


class Run:
    """One schedule and its folder.

    Args:
        origin: where the schedule came from; stored in the folder.

    Raises:
        InputError: a range of frames lies outside the schedule.
    """

    def __init__(self, schedule: Schedule, origin: Origin, folder: RunFolder, options: RunOptions) -> None:
        self.schedule = schedule
        self.folder = folder
        self._origin = origin
        self._options = options
        self._timeline = Timeline(schedule)
        self._states = folder.states(schedule)
        self._history = History(folder)
        self._scope = Scope.of(options.frames, options.part, len(self._timeline))

    def events(
        self, digests: Mapping[str, Any], renderer: GetRenderer, stop: Callable[[], bool]
    ) -> Generator[Event, None, None]:
        """Render what is missing and make the video; the last event is Finished or Interrupted.

        The folder stays locked until the last event has been consumed or the iterator is closed.

        Args:
            digests: of the schedule's models, see `LocatedModels.digests`.
            renderer: loads the models, given a function that receives warnings; called only if a frame is missing.
            stop: called before every frame; the run ends there if it returns True.

        Raises:
            RunError: rendering or encoding failed, or another run is writing into the folder; every finished frame is
                kept.
        """
        binary = ffmpeg.find_binary(self._options.ffmpeg)  # fail before hours of work, not after
        require(self.schedule.output.video)
        frame_events = FrameEvents(title=self.title, timeline=self._timeline)
        with only_writer(self.folder.path, self.part):
            hashes = chain(self._timeline, digests)
            yield from self._prepare(hashes, digests)
            started = time.perf_counter()
            survey = self._survey(hashes)
            stretches = survey.stretches()
            if stretches and not (yield from self._render(stretches, survey, frame_events, renderer, stop)):
                return
            video, count = yield from self._derive(survey, frame_events, digests, binary)
        yield Finished(
            schedule=self.title,
            video=video,
            frames=count,
            rendered=len(frame_events.figures.frame_seconds),
            seconds=time.perf_counter() - started,
            taken_back=len(survey.taken_back),
        )

    def _derive(
        self, survey: Survey, frame_events: FrameEvents, digests: Mapping[str, Any], binary: str
    ) -> Generator[Event, None, tuple[Path | None, int]]:
        """Make the video and what goes with it, unless this run renders only a part.

        Returns:
            The video, None if none was made, and how many frames are finished.
        """
        if self.part is not None:
            begin, end = self._scope.own
            return None, end - begin
        records = survey.finished()
        made = derive(self.folder, self.schedule, records, frame_events.figures, digests, binary, frame_events.warn)
        yield from frame_events.warnings()
        return self.folder.video if made else None, len(records)

    def _prepare(self, hashes: list[str], digests: Mapping[str, Any]) -> Iterator[Kept]:
        """Tidy the folder, put aside a finished run that would be overwritten, and record what is being rendered."""
        if self.part is None:
            for folder in (self.folder.path, self.folder.frames.folder, self._states.folder):
                remove_partial(folder)  # half-written files of a run that was killed
            self._history.tidy()
        if (kept := self._history.keep_finished(hashes)) is not None:
            yield Kept(schedule=self.title, folder=self.folder.path, place=kept.folder.path, number=kept.number)
        if self._scope.describes_folder:
            self.folder.write_origin(self.schedule, replace(self._origin, models=digests))

    def _survey(self, hashes: list[str]) -> Survey:
        return Survey(
            folder=self.folder,
            states=self._states,
            origin=self._origin,
            timeline=self._timeline,
            hashes=hashes,
            scope=self._scope,
            fresh=self._options.fresh,
        )

    def _render(
        self,
        stretches: list[Stretch],
        survey: Survey,
        frame_events: FrameEvents,
        load: GetRenderer,
        stop: Callable[[], bool],
    ) -> Generator[Event, None, bool]:
        """Render the stretches. Returns True if all were rendered, False if the run was stopped."""
        frame_events.expect(stretches)
        loop = self._frame_loop(stretches, survey, frame_events)
        renderer = load(frame_events.warn)
        renderer.require_memory(self.schedule.output.size)
        frame_events.figures.device = renderer.made_on
        mark_video_outdated(self.folder, frames_change=False)  # it may show other frames than the folder from here on
        state = loop.start(renderer, stretches[0], None)
        stale = survey.num_stale(frame_events.warn)
        yield from frame_events.warnings()
        yield Started(
            schedule=self.title,
            folder=self.folder.path,
            frames=len(self._timeline),
            first=stretches[0].first_after(None if state is None else state.index),
            last=self._scope.own[1],
            stale=stale,
            device=str(renderer.device),
            begin=self._scope.own[0],
            remaining=frame_events.remaining,
        )
        stopped = yield from loop.run(renderer, state, stop)
        if stopped is not None:
            yield self._interruption(stopped)
        return stopped is None

    def _frame_loop(self, stretches: list[Stretch], survey: Survey, frame_events: FrameEvents) -> FrameLoop:
        rendered = RenderedFrames(
            frames=self.folder.frames,
            states=self._states,
            hashes=survey.hashes,
            overwrites=survey.overwrites,
            first=self._scope.own[0],
        )
        return FrameLoop(timeline=self._timeline, stretches=stretches, rendered=rendered, frame_events=frame_events)

    @property
    def title(self) -> str:
        """The run's name in events: the schedule's title, with the frames if it is a part."""
        return self.schedule.title if self.part is None else "{} {}:{}".format(self.schedule.title, *self.part)

    @property
    def batch_key(self) -> Hashable:
        """See `Schedule.batch_key`."""
        return self.schedule.batch_key

    @property
    def parallel_ranges(self) -> list[tuple[int, int]]:
        """See `Timeline.parallel_ranges`; a single range if frames were requested."""
        return self._timeline.parallel_ranges if self._scope.requested is None else [self._scope.requested]

    @property
    def cost(self) -> float:
        """See `Timeline.cost`."""
        return self._timeline.cost

    def of_part(self, part: tuple[int, int]) -> "Run":
        """A run that renders only these frames."""
        return Run(self.schedule, self._origin, self.folder, replace(self._options, part=part))

    def of_the_rest(self) -> "Run":
        """The run that remains when all parts are done: it makes the video."""
        return Run(self.schedule, self._origin, self.folder, replace(self._options, fresh=False))

    @property
    def part(self) -> tuple[int, int] | None:
        """See `RunOptions.part`."""
        return self._options.part

    @property
    def wanted(self) -> list[FrameSpec]:
        """The specs of the frames that must be there when the run ends, whether or not they already are."""
        return [self._timeline.at(index) for index in range(*self._scope.wanted)]

    def _interruption(self, done: int) -> Interrupted:
        go_on, end = RUN_AGAIN, self._scope.own[1]
        if self._options.fresh:
            go_on = "run it again without --fresh to continue"
        elif self._scope.requested is not None:
            go_on = f"run it with --frames {done}:{end} to continue"
        return Interrupted(schedule=self.title, folder=self.folder.path, done=done, frames=end, go_on=go_on)
