"""Run a batch: assign every job to a worker, follow its progress, and continue when one of them fails."""

import time
from collections.abc import Sequence
from pathlib import Path

from pipeline.batch.display import Display
from pipeline.batch.guarded_display import GuardedDisplay
from pipeline.batch.jobs.job import FAILED, FINISHED, RUNNING, STOPPED, WAITING, Job, JobState
from pipeline.batch.jobs.record import remove_old_partials, write_record
from pipeline.batch.queue import Queue
from pipeline.batch.retries import retry
from pipeline.batch.workers.options import BatchOptions
from pipeline.batch.workers.process import Crashed, Idle, JobEvent, Note
from pipeline.batch.workers.workers import Worker, WorkerPool
from pipeline.run.events import Event, Failed, Finished, FrameDone, Interrupted, Started, Warned
from pipeline.run.interrupt import INTERRUPTED, handling_ctrl_c
from pipeline.storage.output import BATCH_RECORD
from render.errors import RunError


class Batch:
    """Jobs and the pool of workers that renders them.

    Args:
        out: the folder for batch.json.
    """

    def __init__(
        self, states: list[JobState], pool: WorkerPool, options: BatchOptions, display: Display, out: Path
    ) -> None:
        self._states = states
        self._pool = pool
        self._options = options
        self._display = GuardedDisplay(display)
        self._out = out
        self._begun = time.monotonic()
        self._stopping = ""
        self._unwritten = ""
        self.queue = Queue(states, options.at_once, pool.room, self._changed)

    def run(self) -> int:
        """Render all jobs and return the exit code. However it ends, workers are stopped and batch.json is written."""
        remove_old_partials(self._out)
        try:
            with handling_ctrl_c(lambda: self._stop("interrupted")) as interrupted:
                self._loop()
        finally:
            try:
                self._pool.close()
            finally:
                self._finish()
        if interrupted():
            return INTERRUPTED
        return 0 if all(state.status == FINISHED for state in self._states) else RunError.exit_code

    def _loop(self) -> None:
        for state in self._states:
            self._display.changed(state)
        while self._assign() or self._pool.working() or (self.queue.waits and not self._stopping):
            self._pool.wait(0.5)
            for worker in self._pool.working():
                self._receive(worker)
            for worker in self._pool.dead():
                self._handle_death(worker)
            self._check_limits()

    def _assign(self) -> bool:
        """Assign waiting jobs to free workers; return whether any was assigned."""
        self.queue.fail_jobs_with_failed_parts()
        assigned = False
        for slot, worker in self._pool.free_slots():
            states = [] if self._stopping else self.queue.next(worker)
            if not states:
                break
            assigned |= self._assign_to(states, slot, worker)
        return assigned

    def _assign_to(self, states: list[JobState], slot: int, worker: Worker | None) -> bool:
        """Assign jobs to a worker, which is started if necessary; return whether one could be started."""
        try:
            worker = worker or self._pool.start(slot)
        except OSError as error:  # no more processes, memory or files
            for state in states:
                assert state.job is not None
                why = f"the worker cannot be started: {error.strerror or error}"
                self._retry(state, state.job, why, states)
                self.queue.postpone(state)
                self._changed(state)
            return False
        for state in states:
            state.status, state.device, state.worker, state.waiting_for = RUNNING, self._pool.device(slot), worker, ""
        worker.assign(states)
        for state in states:
            self._changed(state)
        return True

    def _receive(self, worker: Worker) -> None:
        for message in worker.messages():
            running = _unfinished_jobs(worker)
            match message:
                case JobEvent():
                    for state in running:
                        if state.name == message.job:
                            state.memory = message.memory or state.memory
                            self._apply(state, message.event)
                case Note():
                    self._display.note(message.text)
                case Crashed():
                    for state in running:
                        state.message = message.message
                case Idle():
                    self._end(worker, running, message)

    def _end(self, worker: Worker, left: list[JobState], message: Idle) -> None:
        """Record that a worker has finished its jobs, except those that it did not start because it was stopped."""
        keys = {state.job.batch_key for state in worker.states if state.job is not None}
        if message.at_once is not None:
            self.queue.measured |= dict.fromkeys(keys, message.at_once)
        worker.states = ()
        for state in left:
            state.status = WAITING
            self._changed(state)

    def _apply(self, state: JobState, event: Event) -> None:
        if isinstance(event, Failed) and event.held_by:
            self.queue.hold(state, event.held_by)
            return
        self._display.event(state, event)
        match event:
            case Started():
                state.done = event.first
            case Warned():
                state.message = event.message
            case FrameDone():
                state.done, state.rendered, state.fruitless_deaths = event.index + 1, state.rendered + 1, 0
                state.seconds += event.seconds
                state.steps_per_second, state.seconds_left = event.steps_per_second, event.seconds_left
            case Finished():
                state.status, state.done, state.message, state.seconds_left = FINISHED, state.frames, "", None
                self._changed(state)
            case Failed():
                state.status, state.message, state.seconds_left = FAILED, event.message, None
                self._changed(state)
            case Interrupted():
                state.status, state.done = STOPPED, event.done
                self._changed(state)

    def _handle_death(self, worker: Worker) -> None:
        """Requeue the jobs of a dead worker, unless a job rendered alone has killed too many workers already."""
        self._receive(worker)  # its last messages
        states, left, ending = worker.states, _unfinished_jobs(worker), worker.ending()
        worker.close()
        for state in left:
            if state.job is not None:
                self._retry(state, state.job, ending or state.message, states)
                self._changed(state)

    def _retry(self, state: JobState, job: Job, why: str, together: Sequence[JobState]) -> None:
        retry(state, job, why, alone=len(together) == 1, tries=self._options.tries, stopping=bool(self._stopping))

    def _check_limits(self) -> None:
        limit = self._options.time_limit
        if limit is not None and time.monotonic() - self._begun > limit:
            self._stop("time limit reached")
        if self._options.fail_fast and any(state.failed for state in self._states):
            self._stop("a job has failed")

    def _stop(self, why: str) -> None:
        """Let workers finish their current frames, and start no more."""
        if self._stopping:
            return
        self._stopping = why
        again = "; Ctrl-C again stops at once" if why == "interrupted" else ""
        self._display.note(f"{why}: finishing the frames being rendered{again}")
        for worker in self._pool.working():
            worker.ask_to_stop()

    def _finish(self) -> None:
        for state in self._states:
            if state.status in (WAITING, RUNNING):
                state.status, state.waiting_for = STOPPED, ""
        self._record()
        self._display.close(self._states)

    def _changed(self, state: JobState) -> None:
        self._display.changed(state)
        self._record()

    def _record(self) -> None:
        try:
            write_record(self._out, self._states, time.monotonic() - self._begun)
        except Exception as error:  # most often a full disk: no reason to stop rendering
            reason = getattr(error, "strerror", None) or error
            why = f"{self._out / BATCH_RECORD}: cannot be written: {reason}; the jobs continue"
            if why != self._unwritten:
                self._unwritten = why
                self._display.note(why)


def _unfinished_jobs(worker: Worker) -> list[JobState]:
    """Return the unfinished jobs of a worker; a job that had to wait may belong to another worker by now."""
    return [state for state in worker.states if state.status == RUNNING and state.worker is worker]
