"""Several runs in one process: models are loaded once, a failure costs no other run."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.events import Failed
from pipeline.folder import Origin, RunFolder
from pipeline.interrupt import INTERRUPTED, stopping_well
from pipeline.models import LocatedModels
from pipeline.progress import Reporter
from pipeline.run import Run, RunOptions
from pipeline.schedule import Schedule
from render.errors import RunError, WeightsError

if TYPE_CHECKING:
    from render.renderer import Renderer


@dataclass(frozen=True, kw_only=True)
class Job:
    """A schedule, where it came from, and the folder it is rendered to."""

    schedule: Schedule
    origin: Origin
    folder: Path


def render_all(jobs: Sequence[Job], device: str, offline: bool, options: RunOptions, reporter: Reporter) -> int:
    """Render every schedule to its folder, one after the other, and return the exit code.

    Args:
        offline: do not download models.

    Raises:
        InputError: an option does not fit; nothing was rendered.
    """
    runs = [Run(job.schedule, job.origin, RunFolder(job.folder), options) for job in jobs]
    load = cache(partial(_load, device))  # runs of the same models share them
    failed = False
    with stopping_well(lambda: reporter.note("finishing this frame; Ctrl-C again stops at once")) as stop:
        for run in runs:
            try:
                models = run.schedule.models.locate(offline=offline, progress=reporter.downloaded)
                digests = models.digests()
                renderer = partial(_shared, load, models, json.dumps(digests))
                if not run.execute(digests, renderer, reporter, stop):
                    return INTERRUPTED
            except RunError as error:
                failed = True
                reporter(Failed(schedule=run.schedule.title, message=str(error)))
            except OSError as error:
                failed = True
                message = f"{error.filename or run.folder.path}: {error.strerror or error}; what is finished is kept"
                reporter(Failed(schedule=run.schedule.title, message=message))
    return RunError.exit_code if failed else 0


Load = Callable[[LocatedModels, str], "Renderer"]


def _shared(load: Load, models: LocatedModels, digests: str, warn: Callable[[str], None]) -> "Renderer":
    renderer = load(models, digests)
    renderer.warn = warn
    return renderer


def _load(device: str, models: LocatedModels, digests: str) -> "Renderer":
    """Load models whose digests as JSON are `digests`: frames must not be called those of other weights."""
    renderer = models.load(device)
    if json.dumps(models.digests()) != digests:
        raise WeightsError("a model's file has changed while it was loaded; run again")
    return renderer
