"""Looks as jobs: single moments, refined by one process that keeps the models loaded."""

import signal
from pathlib import Path

from pipeline.run.interrupt import KILL
from pipeline.studio.folder.refused import RefusedError
from pipeline.studio.jobs.job import Job
from pipeline.studio.jobs.queue import Jobs, new_id
from pipeline.studio.processes.desk import Desk
from pipeline.studio.processes.looking import look
from pipeline.studio.processes.messages import LookOrder, Machine

_MOST_PICTURES = 100  # that are kept


class Looks:
    """Starts looks and keeps their pictures.

    Args:
        pictures: a folder for them.
    """

    def __init__(self, jobs: Jobs, pictures: Path, log: Path, machine: Machine) -> None:
        self._jobs, self._pictures, self._machine = jobs, pictures, machine
        self._desk = Desk(look, log)
        self._made: list[Path] = []

    def add(self, path: str, file: Path, text: str, frame: int, draft: bool) -> Job:
        """Put a look into the queue. Raises `RefusedError` if that is full."""
        name = new_id()
        order = LookOrder(file=file, text=text, frame=frame, draft=draft, picture=self._pictures / f"{name}.png")
        job = Job(id=name, kind="look", path=path, draft=draft, frame=frame, frames=1)

        async def carry(job: Job) -> None:
            await self._carry(job, order)

        return self._jobs.add(job, carry, lambda: self._stop(job))

    def picture(self, job: Job) -> Path:
        """The picture of a look. Raises `RefusedError` if there is none, or none any longer."""
        path = self._pictures / f"{job.id}.png"
        if job.kind != "look" or not path.is_file():
            raise RefusedError(404, "this job has no picture")
        return path

    async def close(self) -> None:
        await self._desk.close()

    async def _carry(self, job: Job, order: LookOrder) -> None:
        try:
            similarity = await self._desk.ask("look", order, self._machine)
        except RefusedError as error:
            job.end("stopped" if job.asked_to_stop else "failed", "" if job.asked_to_stop else str(error))
            return
        job.similarity, job.done, job.picture = similarity, 1, f"/api/jobs/{job.id}/picture"
        job.end("finished")
        self._made.append(order.picture)
        while len(self._made) > _MOST_PICTURES:
            self._made.pop(0).unlink(missing_ok=True)

    def _stop(self, job: Job) -> None:
        self._desk.signal(KILL if job.asked_to_stop else signal.SIGINT)
