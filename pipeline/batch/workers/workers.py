"""What a batch asks of its workers: processes of this machine (local.py), or tasks of a cluster (on_ray.py)."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from pipeline.batch.jobs.job import JobState
from pipeline.schedule.sections.models import Models


class Worker(Protocol):
    """Renders one job at a time, or several in lockstep.

    Attributes:
        states: of the jobs it was given.
        models: what it has loaded, as far as is known.
    """

    states: tuple[JobState, ...]
    models: Models | None

    def assign(self, states: Sequence[JobState]) -> None:
        """Start rendering a job, or several of one kind."""

    def ask_to_stop(self) -> None:
        """Ask it to end soon, without losing finished frames."""

    def messages(self) -> Iterator[Any]:
        """What it has sent so far: `JobEvent`, `Note`, `Crashed` and `Idle` of `pipeline.batch.workers.process`."""

    def ending(self) -> str:
        """How it ended, in words; empty where it has reported that itself."""

    def close(self) -> None:
        """Release a dead worker."""


class WorkerPool(Protocol):
    """All workers of a batch."""

    @property
    def room(self) -> int:
        """How many workers there can be at once."""

    def working(self) -> Sequence[Worker]: ...

    def free_slots(self) -> Iterator[tuple[int, Any]]:
        """The slots where nobody works, each with the idle worker that holds it or None."""

    def start(self, slot: int) -> Worker:
        """Start the worker of this slot. Raises OSError where that is impossible now."""

    def device(self, slot: int) -> str: ...

    def wait(self, seconds: float) -> None:
        """Wait until a worker sends a message or ends, at most this long."""

    def dead(self) -> Sequence[Worker]:
        """Those that have ended; their slots are free from here on."""

    def close(self) -> None:
        """Stop all at once; finished frames are kept."""
