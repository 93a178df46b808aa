"""Runs one after the other in one process: models stay loaded, a failure costs no other run."""

import contextlib
import json
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.events import Event, Failed, Finished, Interrupted
from pipeline.folder import Origin, RunFolder
from pipeline.interrupt import INTERRUPTED, stopping_well
from pipeline.jobs import Job
from pipeline.models import LocatedModels
from pipeline.progress import Reporter
from pipeline.run import Run, RunOptions
from pipeline.schedule import Schedule
from render import failures
from render.errors import DeviceError, RunError, WeightsError

if TYPE_CHECKING:
    from render.downloads import Progress
    from render.renderer import Renderer


class Session:
    """Renders schedules on one device and keeps the models of the latest one for the next.

    Args:
        device: see `render.device.pick_device`.
        offline: do not download models.
        downloaded: hears how downloads go, see `render.downloads.Progress`.
    """

    def __init__(
        self, device: str = "auto", offline: bool = False, downloaded: "Progress" = lambda name, done, total: None
    ) -> None:
        self._device = device
        self._offline = offline
        self._downloaded = downloaded
        self._kept: tuple[LocatedModels, str, Renderer] | None = None

    def render(
        self,
        schedule: Schedule,
        folder: Path,
        options: RunOptions | None = None,
        stop: Callable[[], bool] = lambda: False,
        remote: str | None = None,
    ) -> Generator[Event, None, None]:
        """Render a schedule to its folder, see `pipeline.run.Run.events`; a failure to run is its last event.

        Args:
            remote: a bucket's URL that the folder is a mirror of, see `pipeline.storage`.

        Raises:
            InputError: an option does not fit the schedule, there is no such device, or `remote` is no bucket.
        """
        origin = schedule.origin or Origin(file=str((folder / "schedule.yaml").absolute()))
        events = self.events(Run(schedule, origin, RunFolder(folder), options or RunOptions()), stop)
        if remote is None:
            return events
        from pipeline.storage.mirror import mirrored
        from pipeline.storage.store import Store

        part = options.part if options is not None else None
        return mirrored(Store(remote), folder, schedule.title, lambda: events, part)

    def events(self, run: Run, stop: Callable[[], bool]) -> Generator[Event, None, None]:
        """What happens in a run; a failure is its last event."""
        try:
            models = run.schedule.models.locate(offline=self._offline, progress=self._downloaded)
            digests = models.digests()
            yield from run.events(digests, lambda warn: self._loaded(models, json.dumps(digests), warn), stop)
        except RunError as error:
            yield Failed(schedule=run.schedule.title, message=str(error))
        except OSError as error:
            message = f"{error.filename or run.folder.path}: {error.strerror or error}; what is finished is kept"
            yield Failed(schedule=run.schedule.title, message=message)
        except (RuntimeError, ImportError, MemoryError) as error:
            failure = failures.told(error)
            if failure is None:
                raise
            fatal = isinstance(failure, DeviceError)
            yield Failed(schedule=run.schedule.title, message=str(failure), fatal=fatal)

    def _loaded(self, models: LocatedModels, digests: str, warn: Callable[[str], None]) -> "Renderer":
        """The renderer of models whose digests as JSON are `digests`: frames must not be called those of others."""
        if self._kept is None or self._kept[:2] != (models, digests):
            self._kept = None  # before the next ones come: a GPU may not hold both
            renderer = models.load(self._device)
            if json.dumps(models.digests()) != digests:
                raise WeightsError("a model's file has changed while it was loaded; run again")
            self._kept = models, digests, renderer
        renderer = self._kept[2]
        renderer.warn = warn
        return renderer


def render_all(jobs: Sequence[Job], device: str, offline: bool, options: RunOptions, reporter: Reporter) -> int:
    """Render every schedule to its folder, one after the other, and return the exit code.

    Raises:
        InputError: an option does not fit; nothing was rendered.
    """
    session = Session(device, offline, reporter.downloaded)
    failed = False
    with stopping_well(lambda: reporter.note("finishing this frame; Ctrl-C again stops at once")) as stop:
        runs = [session.render(job.schedule, job.folder, options, stop, job.remote) for job in jobs]
        for job, run in zip(jobs, runs, strict=True):
            with contextlib.closing(run):  # wherever it is left, what it has made goes to its bucket
                for event in run:
                    reporter(event)
                    failed |= isinstance(event, Failed)
                    if isinstance(event, Interrupted):
                        return INTERRUPTED
            if isinstance(event, Failed) and event.fatal:
                break
            if isinstance(event, Finished) and job.remote is not None:
                reporter.note(f"{event.schedule}: is in {job.remote}")
    return RunError.exit_code if failed else 0
