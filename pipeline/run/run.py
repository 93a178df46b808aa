"""The frame loop: timeline -> renderer -> frames and states -> video.

Frames are the record, the video is derived from them. A run continues where its folder says that it
stopped; what is done is decided by chained hashes (`pipeline.run.folder.states`), never by counting files.
"""

import time
from collections.abc import Callable, Generator, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.run.delivery.deliver import require
from pipeline.run.delivery.derive import derive
from pipeline.run.delivery.report import RunReport
from pipeline.run.events import Event, Finished, Interrupted, Kept, Started
from pipeline.run.folder.finished import disown
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.hashes import chain
from pipeline.run.folder.history import History
from pipeline.run.folder.lock import only_writer
from pipeline.run.frame_loop import Rendering
from pipeline.run.plan import frame_range
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
    """Run matters: nothing here changes a pixel.

    Attributes:
        frames: (A, B) renders frames A to B - 1, anew if they are there; None renders what is missing.
        fresh: start anew whatever is there.
        part: (A, B) renders what is missing of frames A to B - 1 and makes no video, beside other runs of the
            folder's other frames. Frames A and B start from noise, or B is the end.
        ffmpeg: the program to use, see `pipeline.video.ffmpeg.find_binary`.
    """

    frames: tuple[int | None, int | None] | None = None
    fresh: bool = False
    part: tuple[int, int] | None = None
    ffmpeg: str | None = None


class Run:
    """One schedule and its folder.

    Args:
        origin: where the schedule came from; kept in the folder.

    Raises `InputError` for a range of frames outside the schedule.
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

    def events(
        self, digests: Mapping[str, Any], renderer: GetRenderer, stop: Callable[[], bool]
    ) -> Generator[Event, None, None]:
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
            survey = self._surveyed()
            rendering = self._rendering(survey, figures)
            if rendering.stretches and not (yield from self._render(rendering, survey, renderer, stop)):
                return
            count, made = self._end - self._begin, False
            if part is None:
                records = survey.finished()
                made = derive(self.folder, self.schedule, records, figures, digests, binary, rendering.warn)
                yield from rendering.told()
                count = len(records)
        yield Finished(
            schedule=self.title,
            video=self.folder.video if made else None,
            frames=count,
            rendered=len(figures.frame_seconds),
            seconds=time.perf_counter() - started,
            taken_back=len(survey.taken_back),
        )

    def _render(
        self, rendering: Rendering, survey: Survey, renderer: GetRenderer, stop: Callable[[], bool]
    ) -> Generator[Event, None, bool]:
        """Whether all of it was rendered, not stopped."""
        models = renderer(rendering.warn)
        models.require_memory(self.schedule.output.size)
        rendering.figures.device = models.made_on
        disown(self.folder, of_others=False)  # from here on the video may be of other frames than there are
        state = rendering.start(models, rendering.stretches[0], None)
        stale = survey.num_stale(rendering.warn)
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

    def _rendering(self, survey: Survey, figures: RunReport) -> Rendering:
        return Rendering(
            title=self.title,
            timeline=self._timeline,
            hashes=self._hashes,
            frames=self._frames,
            states=self._states,
            stretches=survey.stretches(),
            anew=survey.is_anew,
            since=self._since,
            figures=figures,
        )

    def _surveyed(self) -> Survey:
        options = self._options
        asked = None if options.frames is None else (self._begin, self._end)
        return Survey(
            folder=self.folder,
            states=self._states,
            origin=self._origin,
            timeline=self._timeline,
            hashes=self._hashes,
            scope=(self._begin if asked is None else 0, self._end),
            asked=asked,
            fresh=options.fresh,
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

    def _interruption(self, done: int) -> Interrupted:
        go_on = "run the same command again to go on"
        if self._options.fresh:
            go_on = "run it again without --fresh to go on"
        elif self._options.frames is not None:
            go_on = f"run it with --frames {done}:{self._end} to go on"
        return Interrupted(schedule=self.title, folder=self.folder.path, done=done, frames=self._end, go_on=go_on)
