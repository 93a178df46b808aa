"""A batch: gives every job to a worker, hears how it goes, and goes on whatever happens to one of them."""

import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.batch.display import Display
from pipeline.batch.guarded import Guarded
from pipeline.batch.jobs.job import FAILED, FINISHED, RUNNING, STOPPED, WAITING, Entry, Work
from pipeline.batch.jobs.record import remove_old_partials, write_record
from pipeline.batch.queue import Queue
from pipeline.batch.workers.process import Crashed, Idle, Noted, Told
from pipeline.batch.workers.workers import Worker, WorkerPool
from pipeline.run.events import Event, Failed, Finished, FrameDone, Interrupted, Started, Warned
from pipeline.run.interrupt import INTERRUPTED, stopping_well
from pipeline.storage.place import NAME
from render.errors import RunError


@dataclass(frozen=True, kw_only=True)
class Rules:
    """When to give up.

    Attributes:
        tries: a job is blamed when so many workers in a row died of it without a new frame.
        fail_fast: stop everything at the first job that fails.
        time_limit: seconds after which frames at work are finished and no more begun.
        at_once: a worker is given so many jobs of one kind; None as many as it has measured to pay.
    """

    tries: int = 3
    fail_fast: bool = False
    time_limit: float | None = None
    at_once: int | None = 1


class Batch:
    """Jobs and the crew that renders them.

    Args:
        out: where batch.json goes.
    """

    def __init__(self, entries: list[Entry], pool: WorkerPool, rules: Rules, display: Display, out: Path) -> None:
        self._entries = entries
        self._pool = pool
        self._rules = rules
        self._display = Guarded(display)
        self._out = out
        self._begun = time.monotonic()
        self._stopping = ""
        self._unwritten = ""
        self.queue = Queue(entries, rules.at_once, pool.room, self._changed)

    def run(self) -> int:
        """Render all and return the exit code; whatever ends it, workers are ended and batch.json is written."""
        remove_old_partials(self._out)
        try:
            with stopping_well(lambda: self._stop("interrupted")) as interrupted:
                self._go()
        finally:
            try:
                self._pool.close()
            finally:
                self._leave()
        if interrupted():
            return INTERRUPTED
        return 0 if all(entry.state == FINISHED for entry in self._entries) else RunError.exit_code

    def _go(self) -> None:
        for entry in self._entries:
            self._display.changed(entry)
        while self._assign() or self._pool.working() or (self.queue.waits and not self._stopping):
            self._pool.wait(0.5)
            for worker in self._pool.working():
                self._hear(worker)
            for worker in self._pool.dead():
                self._bury(worker)
            self._keep_rules()

    def _assign(self) -> bool:
        """Give what waits to whoever is free; whether somebody got something."""
        self.queue.give_up_joins()
        given = False
        for slot, worker in self._pool.free_slots():
            entries = [] if self._stopping else self.queue.next(worker)
            if not entries:
                break
            given |= self._give(entries, slot, worker)
        return given

    def _give(self, entries: list[Entry], slot: int, worker: Worker | None) -> bool:
        """Have jobs begun; whether there is somebody who does."""
        try:
            worker = worker or self._pool.start(slot)
        except OSError as error:  # no more processes, memory or files
            for entry in entries:
                assert entry.work is not None
                why = f"its worker cannot be started: {error.strerror or error}"
                self._try_again(entry, entry.work, why, alone=len(entries) == 1)
                self.queue.later(entry)
                self._changed(entry)
            return False
        for entry in entries:
            entry.state, entry.device, entry.worker, entry.waiting_for = RUNNING, self._pool.device(slot), worker, ""
        worker.give(entries)
        for entry in entries:
            self._changed(entry)
        return True

    def _hear(self, worker: Worker) -> None:
        for message in worker.said():
            running = _at_work(worker)
            match message:
                case Told():
                    for entry in running:
                        if entry.name == message.job:
                            entry.memory = message.memory or entry.memory
                            self._take(entry, message.event)
                case Noted():
                    self._display.note(message.text)
                case Crashed():
                    for entry in running:
                        entry.message = message.message
                case Idle():
                    self._end(worker, running, message)

    def _end(self, worker: Worker, left: list[Entry], message: Idle) -> None:
        """A worker is through with its jobs, but for those that it did not begin because it was stopped."""
        kinds = {entry.work.kind for entry in worker.entries if entry.work is not None}
        if message.at_once is not None:
            self.queue.measured |= dict.fromkeys(kinds, message.at_once)
        worker.entries = ()
        for entry in left:
            entry.state = WAITING
            self._changed(entry)

    def _take(self, entry: Entry, event: Event) -> None:
        if isinstance(event, Failed) and event.held_by:
            self.queue.hold(entry, event.held_by)
            return
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

    def _bury(self, worker: Worker) -> None:
        """A worker is dead: its jobs go on with another, unless one alone has cost too many already."""
        self._hear(worker)  # its last words
        entries, left, ending = worker.entries, _at_work(worker), worker.ending()
        worker.close()
        for entry in left:
            if entry.work is not None:
                self._try_again(entry, entry.work, ending or entry.message, alone=len(entries) == 1)
                self._changed(entry)

    def _try_again(self, entry: Entry, work: Work, why: str, *, alone: bool) -> None:
        entry.deaths, entry.fruitless, entry.seconds_left = entry.deaths + 1, entry.fruitless + alone, None
        if entry.fruitless >= self._rules.tries:
            entry.state = FAILED
            entry.message = f"{why}, {entry.fruitless} times at frame {entry.done}; its log: {work.log}"
        else:
            entry.state = STOPPED if self._stopping else WAITING
            entry.message = f"{why}; going on from frame {entry.done}{'' if alone else ', alone'}"

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
        for worker in self._pool.working():
            worker.ask_to_stop()

    def _leave(self) -> None:
        for entry in self._entries:
            if entry.state in (WAITING, RUNNING):
                entry.state, entry.waiting_for = STOPPED, ""
        self._record()
        self._display.close(self._entries)

    def _changed(self, entry: Entry) -> None:
        self._display.changed(entry)
        self._record()

    def _record(self) -> None:
        try:
            write_record(self._out, self._entries, time.monotonic() - self._begun)
        except Exception as error:  # a full disk, most often: no reason to stop what can be rendered
            why = f"{self._out / NAME}: cannot be written: {getattr(error, 'strerror', None) or error}; the jobs go on"
            if why != self._unwritten:
                self._unwritten = why
                self._display.note(why)


def _at_work(worker: Worker) -> list[Entry]:
    """The jobs that a worker was given and that have not ended; one that had to wait may be another's by now."""
    return [entry for entry in worker.entries if entry.state == RUNNING and entry.worker is worker]
