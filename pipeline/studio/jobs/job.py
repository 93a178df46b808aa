"""One job: a render or a look, how far it is, and what became of it."""

import dataclasses
import time
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

from pipeline.run.events import Event, Failed, Finished, FrameDone, Interrupted, Kept, Started, Warned

Kind = Literal["look", "render"]
State = Literal["waiting", "running", "stopped", "finished", "failed"]
OVER: frozenset[str] = frozenset({"stopped", "finished", "failed"})
_MOST_WARNINGS = 20
_MESSAGE = 2_000  # characters


@dataclass(frozen=True, kw_only=True)
class JobShown:
    """A job as the API shows it.

    Attributes:
        path: of the schedule.
        state: a job that is stopped or failed can be started again, and goes on where it stopped.
        frame: the number of the frame that was made last; null before the first one.
        done: how many frames are there.
        frames: how many there will be; 0 while that is unknown.
        fps: frames per second that are made; null while that is unknown.
        seconds_left: until the end; null while that is unknown.
        similarity: of the latest frame to its prompts.
        message: what happened last, in words: a note, a warning, why it failed.
        warnings: of the run.
        output: the name of the run's folder among the outputs; "" for a look.
        picture: the address of the latest picture; "" before the first one.
        started: in seconds since 1970; null while it waits.
        seconds: how long it took, or has taken so far.
    """

    id: str
    kind: Kind
    path: str
    draft: bool
    state: State
    frame: int | None
    done: int
    frames: int
    fps: float | None
    seconds_left: float | None
    similarity: float | None
    message: str
    warnings: list[str]
    output: str
    picture: str
    started: float | None
    seconds: float


@dataclass(kw_only=True)
class Job:
    """A job of the server; its process reports to it. Attributes as in `JobShown`."""

    id: str
    kind: Kind
    path: str
    draft: bool = False
    output: str = ""
    state: State = "waiting"
    frame: int | None = None
    done: int = 0
    frames: int = 0
    fps: float | None = None
    seconds_left: float | None = None
    similarity: float | None = None
    message: str = ""
    picture: str = ""
    warnings: list[str] = field(default_factory=list)
    started: float | None = None
    ended: float | None = None
    asked_to_stop: bool = False
    _totals: dict[str, int] = field(default_factory=dict)
    _left: dict[str, int] = field(default_factory=dict)
    _folders: dict[str, str] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    def shown(self) -> JobShown:
        seconds = 0.0 if self.started is None else (self.ended or time.time()) - self.started
        names = {each.name for each in dataclasses.fields(JobShown)} - {"seconds", "warnings"}
        return JobShown(
            **{name: getattr(self, name) for name in names}, warnings=list(self.warnings), seconds=round(seconds, 3)
        )

    def begin(self) -> None:
        self.state, self.started = "running", time.time()

    def end(self, state: State, message: str = "") -> None:
        self.state, self.ended, self.seconds_left = state, time.time(), None
        self.message = message[:_MESSAGE] or (self.message if state == "failed" else "")

    def heard(self, event: Event) -> None:
        """Take in an event of a run of this job; a job has several runs if the schedule has variants."""
        match event:
            case Started():
                self._totals[event.schedule] = event.last - event.begin
                self._left[event.schedule] = event.remaining
                self._folders[event.schedule] = event.folder.name
                self._count()
                self.message = f"rendering on {event.device}"
            case FrameDone():
                self._frame(event)
            case Finished():
                if not any(name.startswith(f"{event.schedule} ") for name in self._totals):  # else it had parts
                    self._totals.setdefault(event.schedule, event.frames)
                    self._left[event.schedule] = 0
                    self._count()
            case Warned():
                self.warnings = [*self.warnings, event.message][-_MOST_WARNINGS:]
            case Kept():
                self.message = "the previous finished video is kept in the history"
            case Failed():
                self.message = event.message[:_MESSAGE]
            case Interrupted():
                self.message = f"{event.done} of {event.frames} frames are done"

    def changed(self) -> None:
        """Forget how far its runs were: they go on with a new text."""
        for known in (self._totals, self._left, self._folders):
            known.clear()
        self.warnings, self.message, self.seconds_left = [], "going on with the new text", None

    def _frame(self, event: FrameDone) -> None:
        self._left[event.schedule] = event.remaining
        self._count()
        self.frame, self.similarity, self.message = event.index, event.similarity, ""
        self.fps = round(1 / event.seconds, 3) if event.seconds > 0 else None
        self.seconds_left = round(event.seconds_left, 1)
        self.picture = quote(f"/api/outputs/{self._folder(event.schedule)}/frames/{event.index:06d}.png")

    def _folder(self, schedule: str) -> str:
        """The name of the run's folder among the outputs; a variant's lies below that of its schedule."""
        name = self._folders.get(schedule, "")
        return self.output if name == self.output or not name else f"{self.output}/{name}"

    def _count(self) -> None:
        self.frames = sum(self._totals.values())
        self.done = self.frames - sum(self._left.values())
