"""What a batch shows: one live table on a terminal, a line per change elsewhere, JSON lines for programs."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.batch.jobs.job import BROKEN, FAILED, FINISHED, RUNNING, STOPPED, WAITING, Entry
from pipeline.run.events import Event, FrameDone, Warned, to_json
from pipeline.run.progress import Throttle, duration
from pipeline.terminal import printable_lines, show, show_json
from render.errors import printable

_COLOURS = {RUNNING: "cyan", FINISHED: "green", FAILED: "red", BROKEN: "red", STOPPED: "yellow", WAITING: "dim"}
_FIRST = (RUNNING, FAILED, BROKEN, STOPPED, WAITING, FINISHED)  # what is shown where not all fits
_SECONDS_BETWEEN_LINES = 30.0


class Display(Protocol):
    """Hears of jobs."""

    def changed(self, entry: Entry) -> None:
        """Hear that the state of a job is another one."""

    def event(self, entry: Entry, event: Event) -> None:
        """Hear what happens in a job."""

    def note(self, text: str) -> None:
        """Say something."""

    def close(self, entries: Sequence[Entry]) -> None:
        """Say how all of them stand at the end."""


class JsonDisplay:
    """One JSON object per line on standard output: events, and jobs whose state changed."""

    def changed(self, entry: Entry) -> None:
        told = {"event": "job", "job": entry.name, "state": entry.state, "message": entry.message, "done": entry.done}
        show_json(json.dumps({**told, "waiting_for": entry.waiting_for}, ensure_ascii=False))

    def event(self, entry: Entry, event: Event) -> None:
        show_json(json.dumps({**json.loads(to_json(event)), "job": entry.name}, ensure_ascii=False))

    def note(self, text: str) -> None:
        show(text, err=True)

    def close(self, entries: Sequence[Entry]) -> None:
        show_json(json.dumps({"event": "batch", "states": Counter(entry.state for entry in entries)}))


class LineDisplay:
    """A line when a job changes, and now and then how far it is."""

    def __init__(self) -> None:
        self._throttle = Throttle(_SECONDS_BETWEEN_LINES)

    def changed(self, entry: Entry) -> None:
        if entry.state != WAITING or entry.remark:
            show(_line(entry), err=entry.failed)

    def event(self, entry: Entry, event: Event) -> None:
        if isinstance(event, Warned):
            show(f"{entry.name}: warning: {event.message}", err=True)
        elif isinstance(event, FrameDone) and self._throttle.lets_through(False):
            speed = f"{event.steps_per_second:.1f} steps/s  {duration(event.seconds_left)} left"
            show(f"{entry.name}: frame {event.index + 1}/{entry.frames}  {speed}")

    def note(self, text: str) -> None:
        show(text, err=True)

    def close(self, entries: Sequence[Entry]) -> None:
        show(_sum(entries))


class TableDisplay:
    """All jobs in one table, drawn four times a second."""

    def __init__(self, entries: Sequence[Entry], console: Console | None = None) -> None:
        self._entries = entries
        self._console = console or Console(stderr=True)
        self._live = Live(console=self._console, get_renderable=self._latest, transient=True)
        self._live.start()

    def _latest(self) -> Table:
        """The table; called by a thread of its own, which must not end where one drawing fails."""
        try:
            return self.table()
        except Exception:
            return Table(box=None)

    def table(self) -> Table:
        """As many jobs as fit, those first that are running or have failed; the rest is counted."""
        table = Table("job", "state", "frames", "steps/s", "left", "memory", "", box=None, pad_edge=False)
        for column in table.columns[:-1]:
            column.no_wrap = True  # so that the messages alone give way where it is narrow
        room = max(3, self._console.size.height - 4)
        by_state = sorted(self._entries, key=lambda entry: _FIRST.index(entry.state))
        shown = set(map(id, by_state[:room]))
        for entry in self._entries:
            if id(entry) in shown:
                table.add_row(*_cells(entry), style=_COLOURS[entry.state])
        table.caption = _sum(self._entries)
        return table

    def changed(self, entry: Entry) -> None:
        if entry.failed:
            self.note(_line(entry))

    def event(self, entry: Entry, event: Event) -> None:
        pass

    def note(self, text: str) -> None:
        self._console.print(printable_lines(text), highlight=False, markup=False)

    def close(self, entries: Sequence[Entry]) -> None:
        self._live.stop()
        self._console.print(self.table())


def choose_display(as_json: bool, entries: Sequence[Entry]) -> Display:
    """JSON if asked for, a table on a terminal, else lines."""
    if as_json:
        return JsonDisplay()
    return TableDisplay(entries) if Console(stderr=True).is_terminal else LineDisplay()


def _cells(entry: Entry) -> list[Text]:
    speed = "" if entry.steps_per_second is None else f"{entry.steps_per_second:.1f}"
    left = "" if entry.seconds_left is None else duration(entry.seconds_left)
    memory = f"{entry.memory / 1e9:.1f} GB" if entry.memory else ""
    frames = f"{entry.done}/{entry.frames}" if entry.work else ""
    message = printable(entry.remark.splitlines()[0]) if entry.remark else ""
    cells = (printable(entry.name), entry.state, frames, speed, left, memory, message)
    return [Text(cell, no_wrap=True, overflow="ellipsis") for cell in cells]


def _line(entry: Entry) -> str:
    name = printable(entry.name)
    if entry.waiting_for:
        return f"{name}: {printable(entry.remark)}"
    frames = f" ({entry.done} of {entry.frames} frames)" if entry.work and entry.state != WAITING else ""
    message = "".join(f"\n  {printable(line)}" for line in entry.message.splitlines())
    state = "not rendered, its schedule is broken" if entry.state == BROKEN else entry.state
    return f"{name}: {state}{frames}{':' if message else ''}{message}"


def _sum(entries: Sequence[Entry]) -> str:
    counts = Counter(entry.state for entry in entries)
    jobs = "1 job" if len(entries) == 1 else f"{len(entries)} jobs"
    return f"{jobs}: " + ", ".join(f"{counts[state]} {state}" for state in _COLOURS if counts[state])
