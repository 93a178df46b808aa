"""Shows people how a run is going: a bar on a terminal, plain lines elsewhere, JSON lines for programs."""

import json
import time
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from pipeline.run.events import Event, Failed, Finished, FrameDone, Interrupted, Kept, Started, Warned, to_json
from pipeline.terminal import printable_lines, show, show_json
from render.errors import printable

SECONDS_BETWEEN_LINES = 5.0


class Reporter(Protocol):
    """Receives the events of runs, and notes between them."""

    def __call__(self, event: Event) -> None: ...

    def note(self, text: str) -> None:
        """Print a text that is not an event, without garbling the display."""

    def downloaded(self, name: str, done: int, total: int | None) -> None:
        """Report that `done` of `total` bytes of the file `name` have been downloaded; the total may be unknown."""

    def close(self) -> None:
        """Restore the terminal to its original state."""


class Throttle:
    """Limits how often something is reported: at most once per `seconds`, and always at the end."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = float("-inf")

    def allows(self, at_the_end: bool) -> bool:
        now = time.monotonic()
        if now - self._last < self._seconds and not at_the_end:
            return False
        self._last = now
        return True


class JsonReporter:
    """One JSON object per line on standard output."""

    def __init__(self) -> None:
        self._throttle = Throttle(1.0)

    def __call__(self, event: Event) -> None:
        show_json(to_json(event))

    def downloaded(self, name: str, done: int, total: int | None) -> None:
        if self._throttle.allows(done == total):
            show_json(json.dumps({"event": "download", "file": name, "bytes": done, "of": total}))

    def note(self, text: str) -> None:
        show(text, err=True)

    def close(self) -> None:
        pass


class LineReporter:
    """Plain lines; for frames, at most one per five seconds and schedule."""

    def __init__(self) -> None:
        self._throttle = Throttle(SECONDS_BETWEEN_LINES)
        self._running: dict[str, tuple[int, Throttle]] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, FrameDone):
            frames, throttle = self._running.setdefault(event.schedule, (0, Throttle(SECONDS_BETWEEN_LINES)))
            if throttle.allows(not event.remaining):
                whose = f"{event.schedule}: " if len(self._running) > 1 else ""
                show(f"{whose}frame {event.index + 1}/{frames}  {_details(event)}")
            return
        _print_event(event)
        if isinstance(event, Started):
            self._running[event.schedule] = event.frames, Throttle(SECONDS_BETWEEN_LINES)
        elif not isinstance(event, Warned):
            self._running.pop(event.schedule, None)

    def downloaded(self, name: str, done: int, total: int | None) -> None:
        if self._throttle.allows(done == total):
            show(f"{name}: {done / 1e6:,.0f} of {total / 1e6:,.0f} MB" if total else f"{name}: {done / 1e6:,.0f} MB")

    def note(self, text: str) -> None:
        show(text, err=True)

    def close(self) -> None:
        pass


class BarReporter:
    """A bar for every schedule being rendered, with frame, steps per second, similarity and time left."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[details]}", markup=False),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}
        self._totals: dict[str, int] = {}
        self._transfer: Progress | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, FrameDone):
            if event.schedule in self._tasks:
                task = self._tasks[event.schedule]
                total = self._totals[event.schedule]
                self._progress.update(task, completed=total - event.remaining, details=_details(event))
            return
        if isinstance(event, Warned):
            self.note(f"{event.schedule}: warning: {event.message}")
            return
        self._pause()
        _print_event(event)
        if isinstance(event, Started):
            total = self._totals[event.schedule] = event.last - event.begin
            self._tasks[event.schedule] = self._progress.add_task(
                printable(event.schedule), total=total, completed=total - event.remaining, details="first frame"
            )
        elif event.schedule in self._tasks:
            self._progress.remove_task(self._tasks.pop(event.schedule))
        if self._tasks:
            self._progress.start()

    def note(self, text: str) -> None:
        self._progress.console.print(printable_lines(text), highlight=False, markup=False)

    def downloaded(self, name: str, done: int, total: int | None) -> None:
        if self._transfer is None:
            columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
            text = TextColumn("{task.description}", markup=False)
            self._transfer = Progress(text, *columns, console=self._progress.console)
            self._transfer.start()
        tasks = {task.description: task.id for task in self._transfer.tasks}
        task = tasks[printable(name)] if printable(name) in tasks else self._transfer.add_task(printable(name))
        self._transfer.update(task, completed=done, total=total)

    def close(self) -> None:
        self._pause()
        while self._tasks:
            self._progress.remove_task(self._tasks.popitem()[1])

    def _pause(self) -> None:
        """Leave the bars as they are and print below them from here on."""
        if self._transfer is not None:
            self._transfer.stop()
            self._transfer = None
        if self._tasks:
            self._progress.stop()


def choose_reporter(as_json: bool) -> Reporter:
    """JSON if requested, a bar on a terminal, else plain lines."""
    if as_json:
        return JsonReporter()
    return BarReporter() if Console(stderr=True).is_terminal else LineReporter()


def _print_event(event: Event) -> None:
    """Print one line for an event that is not a frame."""
    match event:
        case Started():
            there = event.last - event.begin - event.remaining
            kept = f"; resuming: {_frames(there)} reused" if there else ""
            if event.stale:
                are = "is" if event.stale == 1 else "are"
                kept += f"; {_frames(event.stale)} {are} out of date and will be rendered again"
            show(f"{event.schedule}: {_frames(event.frames)} on {event.device} to {event.folder}{kept}")
        case Kept():
            show(
                f"{event.schedule}: the previous finished video is kept; "
                f"render history {event.folder} --restore {event.number} restores it"
            )
        case Warned():
            show(f"{event.schedule}: warning: {event.message}", err=True)
        case Finished():
            show(f"{event.video or event.schedule}: {_frames(event.frames)} ({_summary(event)})")
        case Interrupted():
            show(f"{event.schedule}: {event.done} of {event.frames} frames are done; {event.go_on}")
        case Failed():
            show(f"{event.schedule}: {event.message}", err=True)


def _summary(event: Finished) -> str:
    """How many frames of a finished video are new, and where the others come from."""
    if not event.rendered and not event.taken_back:
        return "nothing to do"
    back = f", {event.taken_back} from earlier runs" if event.taken_back else ""
    return f"{event.rendered} new{back}, {event.seconds:.0f} s"


def _frames(count: int) -> str:
    return f"{count} frame{'s' * (count != 1)}"


def _details(event: FrameDone) -> str:
    similarity = "" if event.similarity is None else f"similarity {event.similarity:.3f}  "
    return f"{event.steps_per_second:.1f} steps/s  {similarity}{duration(event.seconds_left)} left"


def duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
