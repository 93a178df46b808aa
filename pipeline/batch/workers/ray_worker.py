"""Represent one worker of a cluster: the jobs of its current task, and the messages that the task sends."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline.batch.jobs.job import Job, JobState
from pipeline.batch.workers.process import Crashed, Idle, JobEvent
from pipeline.batch.workers.rendering import gist, not_loaded
from pipeline.schedule.origin_loader import load_origin
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.models import Models


class Cluster(Protocol):
    """Runs the tasks."""

    def submit(self, jobs: Sequence[tuple[Job, Schedule]]) -> tuple[Any, int]:
        """Start a task for these jobs; return it and its number. Raises the cluster's error if it refuses the task."""

    def cancel(self, task: Any) -> None:
        """Ask a task to stop."""


@dataclass(kw_only=True, eq=False)
class RayWorker:
    """A slot of the cluster: its jobs and their task.

    Attributes:
        lost: how the task was lost, in words; None if it was not.
        crashed: whether the task itself reported why it ends.
        number: the task's number, which identifies its messages.
    """

    cluster: Cluster
    states: tuple[JobState, ...] = ()
    models: Models | None = None
    task: Any = None
    inbox: list[Any] = field(default_factory=list)
    lost: str | None = None
    crashed: bool = False
    number: int = -1

    def assign(self, states: Sequence[JobState]) -> None:
        self.states, self.crashed = tuple(states), False
        loaded: list[tuple[Job, Schedule]] = []
        for job in (state.job for state in states if state.job is not None):
            self.models = job.models
            try:
                loaded.append(
                    (job, load_origin(job.origin, shown=job.file))
                )  # goes along: a node need not have its file
            except Exception as error:
                self.inbox.append(JobEvent(job=job.name, event=not_loaded(job, error), memory=0))
        if not loaded:
            self.inbox.append(Idle())
            return
        try:
            self.task, self.number = self.cluster.submit(loaded)
        except Exception as error:  # the cluster refuses the task
            self.lost = f"the cluster does not accept it: {gist(error)}"

    def ask_to_stop(self) -> None:
        if self.task is not None:
            self.cluster.cancel(self.task)

    def receive(self, message: object) -> None:
        self.inbox.append(message)
        self.crashed |= isinstance(message, Crashed)

    def messages(self) -> Iterator[Any]:
        while self.inbox:
            yield self.inbox.pop(0)

    def ending(self) -> str:
        return "" if self.crashed else self.lost or ""

    def close(self) -> None:
        self.states, self.task, self.lost = (), None, None
