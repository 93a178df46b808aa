"""Several runs in one process: models are loaded once, a failure costs no other run."""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.events import Failed
from pipeline.interrupt import INTERRUPTED, finish_frame_first
from pipeline.progress import Reporter
from pipeline.run import Run, RunOptions
from pipeline.schedule import Models, Schedule
from render.errors import RunError

if TYPE_CHECKING:
    from render.renderer import Renderer


def render_all(jobs: Sequence[tuple[Schedule, Path]], device: str, options: RunOptions, reporter: Reporter) -> int:
    """Render every schedule to its folder, one after the other, and return the exit code.

    Raises:
        InputError: an option does not fit; nothing was rendered.
    """
    runs = [Run(schedule, folder, options) for schedule, folder in jobs]
    load = cache(partial(_load, device))  # by models: runs of the same ones share them
    failed = False
    with finish_frame_first(lambda: reporter.note("finishing this frame; Ctrl-C again stops at once")) as stop:
        for run in runs:
            try:
                if not run.execute(partial(load, run.schedule.models), reporter, stop):
                    return INTERRUPTED
            except RunError as error:
                failed = True
                reporter(Failed(schedule=run.schedule.title, message=str(error)))
            except OSError as error:
                failed = True
                message = f"{error.filename or run.folder}: {error.strerror or error}; what is finished is kept"
                reporter(Failed(schedule=run.schedule.title, message=message))
    return RunError.exit_code if failed else 0


def _load(device_name: str, models: Models) -> "Renderer":
    from render.device import model_dtype, pick_device
    from render.renderer import load_renderer

    device = pick_device(device_name)
    return load_renderer(models.latent, models.perceptors, models.quantizes, device, model_dtype(device))
