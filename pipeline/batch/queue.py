"""Choose the next job: one with the worker's models first, those of a key together, none whose folder is in use."""

import math
import time
from collections.abc import Callable, Hashable, Sequence

from pipeline.batch.jobs.job import FAILED, RUNNING, WAITING, JobState
from pipeline.batch.workers.workers import Worker
from pipeline.run.folder.lock import in_use
from pipeline.run.session.grouping import LARGEST_BATCH

RETRY_DELAY = 1.0  # seconds until a retry of a job whose folder was in use, or whose worker could not be started


class Queue:
    """Holds the jobs of a batch and assigns them to workers.

    Args:
        at_once: how many jobs of one key a worker gets; None: the number that it has measured to be fastest.
        room: the largest number of workers.
        changed: called with a job that waits for another process, or has failed with its parts.
    """

    def __init__(
        self, states: Sequence[JobState], at_once: int | None, room: int, changed: Callable[[JobState], None]
    ) -> None:
        self._states = states
        self._at_once = at_once
        self._room = room
        self._changed = changed
        self.measured: dict[Hashable, int] = {}

    def next(self, worker: Worker | None) -> list[JobState]:
        """Return the next job, preferably one whose models the worker has loaded, and the jobs to render with it.

        A job whose worker has died is rendered alone, to find out whether it was the cause.
        """
        while chosen := self._choose(worker):
            free = [state for state in chosen if not self._held(state)]
            if free:
                return free
        return []

    @property
    def waits(self) -> bool:
        """Whether a job can be assigned, now or when its folder is free."""
        return any(state.ready for state in self._states)

    def hold(self, state: JobState, holder: str) -> None:
        """Let a job wait because another run writes into its folder; the others continue."""
        news = state.status != WAITING or state.waiting_for != holder
        state.status, state.waiting_for, state.seconds_left = WAITING, holder, None
        self.postpone(state)
        if news:
            self._changed(state)

    def postpone(self, state: JobState) -> None:
        state.not_before = time.monotonic() + RETRY_DELAY

    def fail_jobs_with_failed_parts(self) -> None:
        """Fail every job of which a part has failed."""
        for state in self._states:
            failed = [part for part in state.parts if part.failed]
            if state.status == WAITING and failed:
                state.status, state.message = FAILED, f"{failed[0].name} has failed: {failed[0].message}"
                self._changed(state)

    def _held(self, state: JobState) -> bool:
        """Whether another run writes into the job's folder, as far as this machine can tell; a node may know more."""
        holder = in_use(state.job.folder, state.job.part) if state.job is not None else ""
        if holder:
            self.hold(state, holder)
        return bool(holder)

    def _choose(self, worker: Worker | None) -> list[JobState]:
        now = time.monotonic()
        waiting = [state for state in self._states if state.ready and state.not_before <= now]
        same = [state for state in waiting if worker and state.job and state.job.models == worker.models]
        first = next(iter(same or waiting), None)
        if first is None or first.job is None or first.deaths:
            return [first] if first else []
        key = first.job.batch_key
        alike = [state for state in waiting if state.job and state.job.batch_key == key and not state.deaths]
        return alike[: self._share(key, len(alike))]

    def _share(self, key: Hashable, waiting: int) -> int:
        """Return how many waiting jobs of a key one worker gets, so that all workers get equally many."""
        running = sum(state.status == RUNNING for state in self._states)
        return min(self._at_once or self.measured.get(key, LARGEST_BATCH), math.ceil((waiting + running) / self._room))
