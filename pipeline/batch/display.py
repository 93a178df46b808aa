"""Show a batch's progress: a live table on a terminal, a line per change elsewhere, JSON lines for programs."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.batch.jobs.job import BROKEN, FAILED, FINISHED, RUNNING, STOPPED, WAITING, JobState
from pipeline.run.events import Event, FrameDone, Warned, to_json
from pipeline.run.progress import Throttle, duration
from pipeline.terminal import printable_lines, show, show_json
from render.errors import printable

_COLOURS = {RUNNING: "cyan", FINISHED: "green", FAILED: "red", BROKEN: "red", STOPPED: "yellow", WAITING: "dim"}
_FIRST = (RUNNING, FAILED, BROKEN, STOPPED, WAITING, FINISHED)  # which jobs are shown first if not all fit
_SECONDS_BETWEEN_LINES = 30.0


class Display(Protocol):
    """Receives the progress of a batch."""

    def changed(self, state: JobState) -> None:
        """Show a job whose state has changed."""

    def event(self, state: JobState, event: Event) -> None:
        """Show an event of a job."""

    def note(self, text: str) -> None:
        """Show a message of the batch itself."""

    def close(self, states: Sequence[JobState]) -> None:
        """Show the final state of all jobs."""


class JsonDisplay:
    """Prints one JSON object per line on standard output: events, and jobs whose state changed."""

    def changed(self, state: JobState) -> None:
        record = {
            "event": "job",
            "job": state.name,
            "state": state.status,
            "message": state.message,
            "done": state.done,
        }
        show_json(json.dumps({**record, "waiting_for": state.waiting_for}, ensure_ascii=False))

    def event(self, state: JobState, event: Event) -> None:
        show_json(json.dumps({**json.loads(to_json(event)), "job": state.name}, ensure_ascii=False))

    def note(self, text: str) -> None:
        show(text, err=True)

    def close(self, states: Sequence[JobState]) -> None:
        show_json(json.dumps({"event": "batch", "states": Counter(state.status for state in states)}))


class LineDisplay:
    """Prints a line when a job changes, and its progress from time to time."""

    def __init__(self) -> None:
        self._throttle = Throttle(_SECONDS_BETWEEN_LINES)

    def changed(self, state: JobState) -> None:
        if state.status != WAITING or state.status_message:
            show(_line(state), err=state.failed)

    def event(self, state: JobState, event: Event) -> None:
        if isinstance(event, Warned):
            show(f"{state.name}: warning: {event.message}", err=True)
        elif isinstance(event, FrameDone) and self._throttle.allows(False):
            speed = f"{event.steps_per_second:.1f} steps/s  {duration(event.seconds_left)} left"
            show(f"{state.name}: frame {event.index + 1}/{state.frames}  {speed}")

    def note(self, text: str) -> None:
        show(text, err=True)

    def close(self, states: Sequence[JobState]) -> None:
        show(_counts(states))


class TableDisplay:
    """Shows all jobs in one table, drawn four times per second."""

    def __init__(self, states: Sequence[JobState], console: Console | None = None) -> None:
        self._states = states
        self._console = console or Console(stderr=True)
        self._live = Live(console=self._console, get_renderable=self._latest, transient=True)
        self._live.start()

    def _latest(self) -> Table:
        """Return the table; called by a separate thread, which must survive a failure to draw."""
        try:
            return self.table()
        except Exception:
            return Table(box=None)

    def table(self) -> Table:
        """List as many jobs as fit, running and failed ones first; the others are only counted."""
        table = Table("job", "state", "frames", "steps/s", "left", "memory", "", box=None, pad_edge=False)
        for column in table.columns[:-1]:
            column.no_wrap = True  # so that a narrow terminal truncates only the messages
        room = max(3, self._console.size.height - 4)
        by_state = sorted(self._states, key=lambda state: _FIRST.index(state.status))
        shown = set(map(id, by_state[:room]))
        for state in self._states:
            if id(state) in shown:
                table.add_row(*_cells(state), style=_COLOURS[state.status])
        table.caption = _counts(self._states)
        return table

    def changed(self, state: JobState) -> None:
        if state.failed:
            self.note(_line(state))

    def event(self, state: JobState, event: Event) -> None:
        pass

    def note(self, text: str) -> None:
        self._console.print(printable_lines(text), highlight=False, markup=False)

    def close(self, states: Sequence[JobState]) -> None:
        self._live.stop()
        self._console.print(self.table())


def choose_display(as_json: bool, states: Sequence[JobState]) -> Display:
    """Choose the display: JSON if requested, a table on a terminal, else lines."""
    if as_json:
        return JsonDisplay()
    return TableDisplay(states) if Console(stderr=True).is_terminal else LineDisplay()


def _cells(state: JobState) -> list[Text]:
    speed = "" if state.steps_per_second is None else f"{state.steps_per_second:.1f}"
    left = "" if state.seconds_left is None else duration(state.seconds_left)
    memory = f"{state.memory / 1e9:.1f} GB" if state.memory else ""
    frames = f"{state.done}/{state.frames}" if state.job else ""
    message = printable(state.status_message.splitlines()[0]) if state.status_message else ""
    cells = (printable(state.name), state.status, frames, speed, left, memory, message)
    return [Text(cell, no_wrap=True, overflow="ellipsis") for cell in cells]


def _line(state: JobState) -> str:
    name = printable(state.name)
    if state.waiting_for:
        return f"{name}: {printable(state.status_message)}"
    frames = f" ({state.done} of {state.frames} frames)" if state.job and state.status != WAITING else ""
    message = "".join(f"\n  {printable(line)}" for line in state.message.splitlines())
    status = "not rendered, because its schedule is invalid" if state.status == BROKEN else state.status
    return f"{name}: {status}{frames}{':' if message else ''}{message}"


def _counts(states: Sequence[JobState]) -> str:
    counts = Counter(state.status for state in states)
    jobs = "1 job" if len(states) == 1 else f"{len(states)} jobs"
    return f"{jobs}: " + ", ".join(f"{counts[status]} {status}" for status in _COLOURS if counts[status])
