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
        """Begin with a job, or with several of one kind."""

    def ask_to_stop(self) -> None:
        """Let it end soon, with nothing lost that is finished."""

    def messages(self) -> Iterator[Any]:
        """What it has told by now: `Told`, `Noted`, `Crashed` and `Idle` of `pipeline.batch.workers.process`."""

    def ending(self) -> str:
        """How it came to its end, in words; empty where it has told so itself."""

    def close(self) -> None:
        """It is dead; nothing more is asked of it."""


class WorkerPool(Protocol):
    """All workers of a batch."""

    @property
    def room(self) -> int:
        """How many there can be at work at once."""

    def working(self) -> Sequence[Worker]: ...

    def free_slots(self) -> Iterator[tuple[int, Any]]:
        """The slots where nobody works, each with the idle worker that holds it or None."""

    def start(self, slot: int) -> Worker:
        """Start the worker of this slot. Raises OSError where that is impossible now."""

    def device(self, slot: int) -> str: ...

    def wait(self, seconds: float) -> None:
        """Until one says something or ends, or the time is over."""

    def dead(self) -> Sequence[Worker]:
        """Those that have ended; their slots are free from here on."""

    def close(self) -> None:
        """End all at once; what they have finished is kept."""
