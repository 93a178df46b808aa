"""Define the interface of workers: processes on this machine (local.py), or tasks of a cluster (on_ray.py)."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from pipeline.batch.jobs.job import JobState
from pipeline.schedule.sections.models import Models


class Worker(Protocol):
    """Renders one job at a time, or several in lockstep.

    Attributes:
        states: the states of its jobs.
        models: the models that it has loaded, as far as is known.
    """

    states: tuple[JobState, ...]
    models: Models | None

    def assign(self, states: Sequence[JobState]) -> None:
        """Start rendering a job, or several of one kind."""

    def ask_to_stop(self) -> None:
        """Ask it to end soon; finished frames are kept."""

    def messages(self) -> Iterator[Any]:
        """Return its messages so far: `JobEvent`, `Note`, `Crashed` and `Idle` of `pipeline.batch.workers.process`."""

    def ending(self) -> str:
        """Say how it ended; empty if it reported that itself."""

    def close(self) -> None:
        """Release a dead worker."""


class WorkerPool(Protocol):
    """All workers of a batch."""

    @property
    def room(self) -> int:
        """The largest number of workers at once."""

    def working(self) -> Sequence[Worker]: ...

    def free_slots(self) -> Iterator[tuple[int, Any]]:
        """Return the free slots, each with its idle worker or None."""

    def start(self, slot: int) -> Worker:
        """Start the worker of this slot. Raises OSError if that is not possible now."""

    def device(self, slot: int) -> str: ...

    def wait(self, seconds: float) -> None:
        """Wait up to `seconds` until a worker sends a message or ends."""

    def dead(self) -> Sequence[Worker]:
        """Return the workers that have ended, and free their slots."""

    def close(self) -> None:
        """Stop all workers immediately; finished frames are kept."""
