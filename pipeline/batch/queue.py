"""Which job is next: those of a worker's models first, several of one kind together, none whose folder is in use."""

import math
import time
from collections.abc import Callable, Hashable, Sequence

from pipeline.batch.jobs.job import FAILED, RUNNING, WAITING, Entry
from pipeline.batch.workers.workers import Worker
from pipeline.run.folder.lock import in_use
from pipeline.run.session.lockstep import MOST

AGAIN = 1.0  # seconds after which a job is tried again whose folder was in use, or whose worker could not be started


class Queue:
    """The jobs of a batch, and who is given which.

    Args:
        at_once: a worker is given so many jobs of one kind; None as many as it has measured to pay.
        room: how many workers there can be.
        changed: hears of a job that waits for somebody, or has failed with its parts.
    """

    def __init__(
        self, entries: Sequence[Entry], at_once: int | None, room: int, changed: Callable[[Entry], None]
    ) -> None:
        self._entries = entries
        self._at_once = at_once
        self._room = room
        self._changed = changed
        self.measured: dict[Hashable, int] = {}

    def next(self, worker: Worker | None) -> list[Entry]:
        """The next job, one of the models that the worker holds before others, and those that go with it.

        A job that a worker has died with goes alone, so that it alone can be blamed if it was the reason.
        """
        while chosen := self._choose(worker):
            free = [entry for entry in chosen if not self._held(entry)]
            if free:
                return free
        return []

    @property
    def waits(self) -> bool:
        """Whether a job could be given to a worker, now or when its folder is free."""
        return any(entry.ready for entry in self._entries)

    def hold(self, entry: Entry, holder: str) -> None:
        """Another run writes into the job's folder: it waits, and the others go on."""
        news = entry.state != WAITING or entry.waiting_for != holder
        entry.state, entry.waiting_for, entry.seconds_left = WAITING, holder, None
        self.later(entry)
        if news:
            self._changed(entry)

    def later(self, entry: Entry) -> None:
        entry.not_before = time.monotonic() + AGAIN

    def give_up_joins(self) -> None:
        """A job some of whose shots have failed has failed, too."""
        for entry in self._entries:
            failed = [part for part in entry.after if part.failed]
            if entry.state == WAITING and failed:
                entry.state, entry.message = FAILED, f"{failed[0].name} has failed: {failed[0].message}"
                self._changed(entry)

    def _held(self, entry: Entry) -> bool:
        """Whether another run writes into the job's folder, as far as can be seen from here: a node may know more."""
        holder = in_use(entry.work.folder, entry.work.part) if entry.work is not None else ""
        if holder:
            self.hold(entry, holder)
        return bool(holder)

    def _choose(self, worker: Worker | None) -> list[Entry]:
        now = time.monotonic()
        waiting = [entry for entry in self._entries if entry.ready and entry.not_before <= now]
        same = [entry for entry in waiting if worker and entry.work and entry.work.models == worker.models]
        first = next(iter(same or waiting), None)
        if first is None or first.work is None or first.deaths:
            return [first] if first else []
        kind = first.work.kind
        alike = [entry for entry in waiting if entry.work and entry.work.kind == kind and not entry.deaths]
        return alike[: self._share(kind, len(alike))]

    def _share(self, kind: Hashable, waiting: int) -> int:
        """How many of the jobs of a kind that wait a worker is given, so that all workers have as many at a time."""
        running = sum(entry.state == RUNNING for entry in self._entries)
        return min(self._at_once or self.measured.get(kind, MOST), math.ceil((waiting + running) / self._room))
