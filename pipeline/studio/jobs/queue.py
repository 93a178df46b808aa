"""The jobs of a server: one render and one look at a time, the others wait in order."""

import asyncio
import contextlib
import dataclasses
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pipeline.studio.folder.refused import RefusedError
from pipeline.studio.jobs.bus import Bus
from pipeline.studio.jobs.job import Job, Kind

KEPT = 200  # jobs that are over, whose state can still be asked for
MOST_WAITING = 100

Carry = Callable[[Job], Awaitable[None]]


@dataclass(kw_only=True, eq=False)
class Entry:
    """A job, how it is carried out and how it is stopped while it runs."""

    job: Job
    carry: Carry
    stop: Callable[[], None]


@dataclass(kw_only=True)
class Lane:
    """Jobs of one kind, of which one runs at a time."""

    waiting: asyncio.Queue[Entry] = field(default_factory=asyncio.Queue)
    runner: asyncio.Task[None] | None = None


class Jobs:
    """All jobs since the server was started, newest last. Belongs to the thread of the event loop."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._entries: dict[str, Entry] = {}
        self._lanes: dict[Kind, Lane] = {}

    def start(self) -> None:
        """Begin to carry out jobs."""
        self._lanes = {"look": Lane(), "render": Lane()}
        for lane in self._lanes.values():
            lane.runner = asyncio.create_task(self._run(lane))

    async def close(self) -> None:
        """Let no further job begin."""
        for lane in self._lanes.values():
            if lane.runner is not None:
                lane.runner.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await lane.runner

    def all(self) -> list[Job]:
        return [entry.job for entry in self._entries.values()]

    def find(self, name: str) -> Job:
        """The job of this id. Raises `RefusedError` if there is none."""
        return self._entry(name).job

    def add(self, job: Job, carry: Carry, stop: Callable[[], None]) -> Job:
        """Add a job to the end of its lane. Raises `RefusedError` if too many are waiting."""
        lane = self._lanes[job.kind]
        if lane.waiting.qsize() >= MOST_WAITING:
            raise RefusedError(503, f"{MOST_WAITING} jobs are waiting already")
        entry = Entry(job=job, carry=carry, stop=stop)
        self._entries[job.id] = entry
        lane.waiting.put_nowait(entry)
        self._forget()
        self.tell(job)
        return job

    def stop(self, name: str) -> Job:
        """Stop a job: one that waits at once, one that runs after its frame, or at once if it is asked again."""
        entry = self._entry(name)
        job = entry.job
        if job.state == "waiting":
            job.end("stopped")
            self.tell(job)
        elif job.state == "running":
            entry.stop()
            job.asked_to_stop = True
        return job

    def tell(self, job: Job) -> None:
        """Tell all listeners how a job stands."""
        self._bus.tell("job", dataclasses.asdict(job.shown()))

    async def _run(self, lane: Lane) -> None:
        while True:
            entry = await lane.waiting.get()
            job = entry.job
            if job.is_over:
                continue
            job.begin()
            self.tell(job)
            try:
                await entry.carry(job)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # a fault of ours, or of the system; the next job is not to blame
                job.end("failed", f"{type(error).__name__}: {error}")
            finally:
                if not job.is_over:
                    job.end("stopped")
                self.tell(job)

    def _entry(self, name: str) -> Entry:
        if name not in self._entries:
            raise RefusedError(404, "there is no such job")
        return self._entries[name]

    def _forget(self) -> None:
        over = [name for name, entry in self._entries.items() if entry.job.is_over]
        for name in over[: max(0, len(over) - KEPT)]:
            del self._entries[name]


def new_id() -> str:
    """An id that no other job has, not even one of an earlier server."""
    return secrets.token_hex(8)
