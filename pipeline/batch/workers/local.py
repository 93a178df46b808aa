"""Run local worker processes: started on demand, replaced when they die, stopped with the batch."""

import multiprocessing
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from pipeline.batch.jobs.job import JobState
from pipeline.batch.workers.options import WorkerOptions
from pipeline.batch.workers.process import CRASHED, STOP, run_worker
from pipeline.run.interrupt import KILL
from pipeline.schedule.sections.models import Models

PATIENCE = 3.0  # seconds from SIGTERM to SIGKILL; the batch itself has a little more


@dataclass(kw_only=True, eq=False)
class LocalWorker:
    """A process, its current jobs, and the models that it has loaded.

    Attributes:
        broken: whether it can no longer send messages: it is ending, or must be killed.
        why: the reason, if it had to be killed.
    """

    process: SpawnProcess
    connection: Connection
    states: tuple[JobState, ...] = ()
    models: Models | None = None
    broken: bool = False
    why: str = ""

    def assign(self, states: Sequence[JobState]) -> None:
        jobs = [state.job for state in states if state.job is not None]
        self.states, self.models = tuple(states), jobs[0].models
        with suppress(OSError):  # it has just died, which the next check notices
            self.connection.send(jobs)

    def ask_to_stop(self) -> None:
        if self.states:
            with suppress(OSError):
                self.connection.send(STOP)

    def messages(self) -> Iterator[Any]:
        """Return the messages that it has sent so far."""
        try:
            while not self.broken and self.connection.poll():
                yield self.connection.recv()
        except (EOFError, OSError):
            self.broken = True
        except Exception as error:  # not a valid message: the process cannot be trusted
            self.broken, self.why = True, f"the worker sent an unreadable message ({type(error).__name__})"
            self.process.kill()

    def ended(self) -> bool:
        """Whether the process has ended; a broken process that does not end by itself is killed."""
        if self.broken and self.process.is_alive():
            self.process.join(PATIENCE)
            if self.process.is_alive():
                self.why = "the worker stopped responding"
                self.process.kill()
                self.process.join()
        return not self.process.is_alive()

    def ending(self) -> str:
        """Say how the process ended; empty if it reported that itself."""
        self.process.join()
        code = self.process.exitcode or 0
        if code == CRASHED:
            return ""
        if self.why:
            return self.why
        if code == -KILL:
            return "the worker was killed (SIGKILL, usually because the system ran out of memory)"
        if code < 0:
            return f"the worker was killed by {signal.Signals(-code).name}"
        return f"the worker ended with exit code {code}"

    def close(self) -> None:
        self.connection.close()


class LocalPool:
    """Holds one slot for a worker for each of `options`."""

    def __init__(self, options: list[WorkerOptions]) -> None:
        self._options = options
        self._workers: list[LocalWorker | None] = [None] * len(options)
        self._context = multiprocessing.get_context("spawn")

    @property
    def room(self) -> int:
        return len(self._workers)

    def working(self) -> list[LocalWorker]:
        return [worker for worker in self._workers if worker is not None and worker.states]

    def free_slots(self) -> Iterator[tuple[int, LocalWorker | None]]:
        """Return the free slots, each with its idle worker or None."""
        for number, worker in enumerate(self._workers):
            if worker is None or not worker.states:
                yield number, worker

    def start(self, slot: int) -> LocalWorker:
        """Start a worker. Raises OSError if the system cannot start another process."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=run_worker, args=(theirs, self._options[slot]), daemon=True)
        try:
            with _ignoring_sigint():  # inherited by the new process
                process.start()
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        worker = LocalWorker(process=process, connection=ours)
        self._workers[slot] = worker
        return worker

    def device(self, slot: int) -> str:
        return self._options[slot].device

    def wait(self, seconds: float) -> None:
        """Wait up to `seconds` until a worker sends a message or ends."""
        workers = [worker for worker in self._workers if worker is not None]
        connections = [worker.connection for worker in workers if not worker.broken]
        wait([*connections, *(worker.process.sentinel for worker in workers)], timeout=seconds)

    def dead(self) -> list[LocalWorker]:
        """Return the workers that have ended, and free their slots."""
        found = []
        for slot, worker in enumerate(self._workers):
            if worker is not None and worker.ended():
                self._workers[slot] = None
                found.append(worker)
        return found

    def close(self) -> None:
        """Stop every worker at once; finished frames are on disk."""
        workers = [worker for worker in self._workers if worker is not None]
        self._workers = [None] * len(self._workers)
        for worker in workers:
            worker.process.terminate()
        wait_all(workers, PATIENCE)
        for worker in workers:
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.close()


def wait_all(workers: list[LocalWorker], seconds: float) -> None:
    """Wait up to `seconds` until all have ended."""
    end = time.monotonic() + seconds
    for worker in workers:
        worker.process.join(max(0.0, end - time.monotonic()))


@contextmanager
def _ignoring_sigint() -> Iterator[None]:
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
