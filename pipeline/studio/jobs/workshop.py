"""Everything that works for a studio: its queue of jobs and its processes, started and ended together."""

import asyncio
import contextlib
import dataclasses
import tempfile
from pathlib import Path

from pipeline.studio.folder.schedules import Schedules
from pipeline.studio.folder.watching import watch
from pipeline.studio.jobs.bus import Bus
from pipeline.studio.jobs.looks import Looks
from pipeline.studio.jobs.previews import Previews
from pipeline.studio.jobs.queue import Jobs
from pipeline.studio.jobs.renders import Renders
from pipeline.studio.processes.desk import Desk
from pipeline.studio.processes.messages import Machine
from pipeline.studio.processes.surveying import survey


class Workshop:
    """The workers of a studio; made and used in the event loop.

    Args:
        outputs: the folder that runs are rendered to.
    """

    def __init__(self, schedules: Schedules, outputs: Path, machine: Machine) -> None:
        self._schedules = schedules
        self._folder = tempfile.TemporaryDirectory(prefix="render-studio-", ignore_cleanup_errors=True)
        own = Path(self._folder.name)
        self.bus = Bus()
        self.jobs = Jobs(self.bus)
        self.renders = Renders(self.jobs, outputs, own, machine)
        self.looks = Looks(self.jobs, own, own / "looks.log", machine)
        self.previews = Previews(own / "previews.log")
        self.surveys = Desk(survey, own / "surveys.log")
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.jobs.start()
        self._watching = asyncio.create_task(
            watch(self._schedules, lambda change: self.bus.tell("file", dataclasses.asdict(change)))
        )

    async def close(self) -> None:
        """End all processes; renders stay as far as they are."""
        self.bus.close()
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        workers = (self.renders, self.looks, self.previews, self.surveys)
        await asyncio.gather(*(worker.close() for worker in workers), return_exceptions=True)
        await self.jobs.close()
        await asyncio.to_thread(self._folder.cleanup)
