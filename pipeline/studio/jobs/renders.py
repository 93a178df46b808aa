"""Renders as jobs: each in a process of its own, so that whatever becomes of it, the server goes on."""

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.storage.naming import run_name
from pipeline.studio.folder.refused import RefusedError
from pipeline.studio.jobs.job import Job
from pipeline.studio.jobs.queue import Jobs, new_id
from pipeline.studio.processes.child import Child
from pipeline.studio.processes.messages import Changed, Ended, Happened, Machine, NewText, Note, RenderOrder
from pipeline.studio.processes.rendering import render

RESUMABLE = "finished frames are kept; start it again to go on"
_PATIENCE = 2.0  # seconds that a frame has to end in when the server ends


class Renders:
    """Starts renders and follows them.

    Args:
        outputs: the folder that runs are rendered to.
        logs: a folder for what the processes print.
    """

    def __init__(self, jobs: Jobs, outputs: Path, logs: Path, machine: Machine) -> None:
        self._jobs, self._outputs, self._logs, self._machine = jobs, outputs, logs, machine
        self._orders: dict[str, RenderOrder] = {}
        self._texts: dict[str, NewText] = {}  # the latest one of each job that got any while it ran
        self._running: dict[str, Child] = {}

    def add(self, path: str, file: Path, text: str | None, *, draft: bool, fresh: bool, lockstep: int | None) -> Job:
        """Put a render into the queue. Raises `RefusedError` if that is full."""
        name = run_name(file, draft)
        order = RenderOrder(
            file=file,
            text=text,
            folder=self._outputs / name,
            draft=draft,
            fresh=fresh,
            lockstep=lockstep,
            machine=self._machine,
        )
        job = Job(id=new_id(), kind="render", path=path, draft=draft, output=name)

        self._orders[job.id] = order
        return self._jobs.add(job, self._carry, lambda: self._stop(job))

    def change(self, job: Job, text: str) -> None:
        """Have a render go on with a new text from its next frame on.

        Raises:
            RefusedError: the job is over, or is not a render.
        """
        if job.is_over or job.kind != "render":
            raise RefusedError(409, "only a render that waits or runs takes a new text")
        if (child := self._running.get(job.id)) is None:
            self._orders[job.id] = replace(self._orders[job.id], text=text)
            return
        before = self._texts.get(job.id)
        self._texts[job.id] = NewText(number=before.number + 1 if before else 1, text=text)
        child.send(self._texts[job.id])

    async def close(self) -> None:
        """End what is running: after its frame, if that takes no longer than a moment."""
        for child in tuple(self._running.values()):
            child.signal(signal.SIGINT)
        for child in tuple(self._running.values()):
            if not await child.has_ended(_PATIENCE):
                await child.end()

    async def _carry(self, job: Job) -> None:
        ended, child = await self._run(job)
        while ended is not None and ended.outcome == "finished" and (missed := self._missed(job, ended)):
            self._orders[job.id] = replace(self._orders[job.id], text=missed.text, fresh=False)
            ended, child = await self._run(job)
        self._orders.pop(job.id, None)
        self._texts.pop(job.id, None)
        _conclude(job, ended, child)

    def _missed(self, job: Job, ended: Ended) -> NewText | None:
        """The text that came when the process had just finished."""
        latest = self._texts.pop(job.id, None)
        return latest if latest is not None and latest.number > ended.result else None

    async def _run(self, job: Job) -> tuple[Ended | None, Child]:
        """Carry out the order of a job; returns how its process ended, None if it did not say, and the process."""
        ended: list[Ended] = []

        def received(message: Any) -> None:
            match message:
                case Happened():
                    job.heard(message.event)
                case Note():
                    job.message = message.text
                case Changed():
                    job.changed()
                case Ended():
                    ended.append(message)
                    return
            self._jobs.tell(job)

        child = Child(render, received, self._logs / f"{job.id}.log")
        await child.start()
        child.send(self._orders[job.id])
        self._running[job.id] = child
        if job.asked_to_stop:
            self._stop(job)
        try:
            await child.ended.wait()
        finally:
            del self._running[job.id]
        return (ended[-1] if ended else None), child

    def _stop(self, job: Job) -> None:
        if (child := self._running.get(job.id)) is not None:
            child.signal(signal.SIGTERM if job.asked_to_stop else signal.SIGINT)


def _conclude(job: Job, ended: Ended | None, child: Child) -> None:
    if ended is None:
        stopped = job.asked_to_stop
        job.end("stopped" if stopped else "failed", RESUMABLE if stopped else f"{child.ending()}; {RESUMABLE}")
    elif ended.outcome == "finished":
        job.end("finished")
    elif ended.outcome == "stopped":
        job.end("stopped", RESUMABLE)
    else:
        job.end("failed", ended.message)
