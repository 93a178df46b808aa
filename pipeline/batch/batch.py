"""A batch: gives every job to a worker, hears how it goes, and goes on whatever happens to one of them."""

import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.batch.display import Display
from pipeline.batch.entry import FAILED, FINISHED, RUNNING, STOPPED, WAITING, Entry
from pipeline.batch.hands import Hand, Hands
from pipeline.batch.record import write_record
from pipeline.batch.worker import Crashed, Idle, Told
from pipeline.events import Event, Failed, Finished, FrameDone, Interrupted, Started, Warned
from pipeline.interrupt import INTERRUPTED, stopping_well
from render.errors import RunError

GO_ON = "run the same command again to go on"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """When to give up.

    Attributes:
        tries: a job is blamed when so many workers in a row died of it without a new frame.
        fail_fast: stop everything at the first job that fails.
        time_limit: seconds after which frames at work are finished and no more begun.
    """

    tries: int = 3
    fail_fast: bool = False
    time_limit: float | None = None


class Batch:
    """Jobs and the crew that renders them.

    Args:
        out: where batch.json goes.
    """

    def __init__(self, entries: list[Entry], crew: Hands, rules: Rules, display: Display, out: Path) -> None:
        self._entries = entries
        self._crew = crew
        self._rules = rules
        self._display = display
        self._out = out
        self._begun = time.monotonic()
        self._stopping = ""

    def run(self) -> int:
        """Render all and return the exit code; whatever ends it, workers are ended and batch.json is written."""
        try:
            with stopping_well(lambda: self._stop("interrupted")) as interrupted:
                self._go()
        finally:
            self._crew.close()
            self._leave()
        if interrupted():
            return INTERRUPTED
        return 0 if all(entry.state == FINISHED for entry in self._entries) else RunError.exit_code

    def _go(self) -> None:
        for entry in self._entries:
            self._display.changed(entry)
        while self._assign() or self._crew.working():
            self._crew.wait(0.5)
            for worker in self._crew.working():
                self._hear(worker)
            for worker in self._crew.dead():
                self._bury(worker)
            self._keep_rules()

    def _assign(self) -> bool:
        """Give what waits to whoever is free; whether somebody got something."""
        self._give_up_joins()
        given = False
        for place, worker in self._crew.places():
            entry = self._next(worker)
            if entry is None:
                break
            entry.state, entry.device = RUNNING, self._crew.device(place)
            (worker or self._crew.start(place)).give(entry)
            self._changed(entry)
            given = True
        return given

    def _give_up_joins(self) -> None:
        """A job some of whose shots have failed has failed, too."""
        for entry in self._entries:
            failed = [part for part in entry.after if part.failed]
            if entry.state == WAITING and failed:
                entry.state, entry.message = FAILED, f"{failed[0].name} has failed: {failed[0].message}"
                self._changed(entry)

    def _next(self, worker: Hand | None) -> Entry | None:
        """The next job, one of the models that the worker holds before others."""
        if self._stopping:
            return None
        waiting = [entry for entry in self._entries if entry.ready]
        same = [entry for entry in waiting if worker and entry.work and entry.work.models == worker.models]
        return next(iter(same or waiting), None)

    def _hear(self, worker: Hand) -> None:
        for message in worker.said():
            entry = worker.entry
            if entry is None:
                continue
            if isinstance(message, Told):
                entry.memory = message.memory or entry.memory
                self._take(entry, message.event)
            elif isinstance(message, Crashed):
                entry.message = message.message
            elif isinstance(message, Idle):
                worker.entry = None

    def _take(self, entry: Entry, event: Event) -> None:
        self._display.event(entry, event)
        match event:
            case Started():
                entry.done = event.first
            case Warned():
                entry.message = event.message
            case FrameDone():
                entry.done, entry.rendered, entry.fruitless = event.index + 1, entry.rendered + 1, 0
                entry.seconds += event.seconds
                entry.steps_per_second, entry.seconds_left = event.steps_per_second, event.seconds_left
            case Finished():
                entry.state, entry.done, entry.message, entry.seconds_left = FINISHED, entry.frames, "", None
                self._changed(entry)
            case Failed():
                entry.state, entry.message, entry.seconds_left = FAILED, event.message, None
                self._changed(entry)
            case Interrupted():
                entry.state, entry.done = STOPPED, event.done
                self._changed(entry)

    def _bury(self, worker: Hand) -> None:
        """A worker is dead: its job goes on with another, unless it has cost too many already."""
        self._hear(worker)  # its last words
        entry = worker.entry
        worker.close()
        if entry is None or entry.state != RUNNING or entry.work is None:
            return
        entry.deaths, entry.fruitless = entry.deaths + 1, entry.fruitless + 1
        why = worker.ending() or entry.message
        entry.seconds_left = None
        if entry.fruitless >= self._rules.tries:
            entry.state = FAILED
            entry.message = f"{why}, {entry.fruitless} times at frame {entry.done}; its log: {entry.work.log}"
        else:
            entry.state = STOPPED if self._stopping else WAITING
            entry.message = f"{why}; going on from frame {entry.done}"
        self._changed(entry)

    def _keep_rules(self) -> None:
        limit = self._rules.time_limit
        if limit is not None and time.monotonic() - self._begun > limit:
            self._stop("the time limit is reached")
        if self._rules.fail_fast and any(entry.failed for entry in self._entries):
            self._stop("a job has failed")

    def _stop(self, why: str) -> None:
        """Let every frame at work be finished, and begin no more."""
        if self._stopping:
            return
        self._stopping = why
        again = "; Ctrl-C again stops at once" if why == "interrupted" else ""
        self._display.note(f"{why}: finishing the frames at work{again}")
        for worker in self._crew.working():
            worker.ask_to_stop()

    def _leave(self) -> None:
        for entry in self._entries:
            if entry.state in (WAITING, RUNNING):
                entry.state = STOPPED
        self._record()
        self._display.close(self._entries)

    def _changed(self, entry: Entry) -> None:
        self._display.changed(entry)
        self._record()

    def _record(self) -> None:
        write_record(self._out, self._entries, time.monotonic() - self._begun)
