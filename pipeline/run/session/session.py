"""Renders runs one after the other in one process: models stay loaded, and a failed run does not affect the others."""

import contextlib
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.run.events import Event, Failed, Finished, Interrupted, Warned
from pipeline.run.folder.folder import RunFolder
from pipeline.run.interrupt import INTERRUPTED, handling_ctrl_c
from pipeline.run.progress import Reporter
from pipeline.run.run import Run, RunOptions
from pipeline.run.session.grouping import LARGEST_BATCH, AtOnce, groups, in_lockstep
from pipeline.run.session.outcome import outcome
from pipeline.run.session.parts import joined, split
from pipeline.run.session.requests import RunRequest
from pipeline.run.session.waiting import when_free
from pipeline.schedule.origin import Origin
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.warnings import repeat_drift
from render.device import failures
from render.device.environment import prepare_environment
from render.errors import RunError, WeightsError
from render.renderer.loading.located_models import LocatedModels

if TYPE_CHECKING:
    from render.models.downloads import Progress
    from render.renderer.renderer import Renderer

Prepare = Callable[["Renderer"], "Renderer"]
FINISHING = "finishing this frame; Ctrl-C again stops at once"


class Session:
    """Renders schedules on one device and keeps the latest schedule's models loaded for the next.

    Args:
        device: see `render.device.device.pick_device`.
        offline: do not download models.
        downloaded: called with the progress of downloads, see `render.models.downloads.Progress`.
        wait: if another run is writing into the folder, wait until it ends; otherwise that is a failure.
    """

    def __init__(
        self,
        device: str = "auto",
        offline: bool = False,
        downloaded: "Progress" = lambda name, done, total: None,
        wait: bool = False,
    ) -> None:
        prepare_environment()
        self._wait = wait
        self._device = device
        self._offline = offline
        self._downloaded = downloaded
        self._kept: tuple[LocatedModels, str, Renderer] | None = None

    def render(
        self,
        schedule: Schedule,
        folder: str | PathLike[str],
        options: RunOptions | None = None,
        stop: Callable[[], bool] = lambda: False,
        remote: str | None = None,
    ) -> Finished:
        """Render a schedule to its folder and return when the video is made; warnings are logged.

        Args: see `events`.

        Raises:
            InputError: an option does not fit the schedule, there is no such device, or `remote` is not a bucket.
            RunError: rendering or encoding failed, or another run is writing into the folder.
            RunStoppedError: `stop` ended the run.
        """
        return outcome(self.events(schedule, folder, options, stop, remote))

    def events(
        self,
        schedule: Schedule,
        folder: str | PathLike[str],
        options: RunOptions | None = None,
        stop: Callable[[], bool] = lambda: False,
        remote: str | None = None,
    ) -> Generator[Event, None, None]:
        """Render a schedule to its folder and yield the events; the last one is Finished, Interrupted or Failed.

        Files in the folder that are still valid are kept. Closing the generator stops the run after the frame that was
        reported last; rendering again continues from there.

        Args:
            folder: where frames, states and the video are written, such as `outputs/sunset`; one run at a time.
            options: options of the run, such as a range of frames.
            stop: called before every frame; the run ends there if it returns True.
            remote: URL of a bucket that the folder mirrors, such as s3://bucket/sunset: the run continues what is there
                and uploads what it makes while it renders.

        Raises:
            InputError: an option does not fit the schedule, there is no such device, or `remote` is not a bucket.
        """
        return self.run_events(run_of(schedule, Path(folder), options), stop, remote=remote)

    def run_events(
        self,
        run: Run,
        stop: Callable[[], bool],
        prepared: Prepare = lambda renderer: renderer,
        remote: str | None = None,
    ) -> Generator[Event, None, None]:
        """Yield the events of a run, see `pipeline.run.run.Run.events`; if it fails, the last event is Failed.

        Args:
            prepared: turns the loaded models into the renderer to use; called once there is a frame to render.
            remote: URL of a bucket that the run's folder mirrors.

        Raises:
            InputError: `remote` is not a bucket.
        """
        attempt = partial(self._events, run, stop, prepared)
        if remote is not None:
            from pipeline.run.session.mirror import mirrored
            from pipeline.storage.store import Store

            attempt = partial(mirrored, Store(remote), run.folder.path, run.title, attempt, run.part)
        return when_free(attempt, run, stop) if self._wait else attempt()

    def _events(self, run: Run, stop: Callable[[], bool], prepared: Prepare) -> Generator[Event, None, None]:
        try:
            models = run.schedule.models.locate(offline=self._offline, progress=self._downloaded)
            digests = models.digests()
            text = json.dumps(digests)
            if run.part is None:
                yield from _repeat_drift(run)
            yield from run.events(digests, lambda warn: prepared(self._loaded(models, text).of_run(warn)), stop)
        except RunError as error:
            yield Failed.of(run.title, error)
        except OSError as error:
            message = f"{error.filename or run.folder.path}: {error.strerror or error}; finished work is kept"
            yield Failed.of(run.title, RunError(message))
        except (RuntimeError, ImportError, MemoryError) as error:
            failure = failures.machine_failure(error)
            if failure is None:
                raise
            yield Failed.of(run.title, failure)

    def _loaded(self, models: LocatedModels, digests: str) -> "Renderer":
        """The renderer of `models`, whose JSON digests must be `digests`: frames must not be attributed to others."""
        if self._kept is None or self._kept[:2] != (models, digests):
            self._kept = None  # released before the next models load: a GPU may not have room for both
            renderer = models.load(self._device)
            if json.dumps(models.digests()) != digests:
                raise WeightsError("a model's file has changed while it was loaded; run again")
            self._kept = models, digests, renderer
        return self._kept[2]


def _repeat_drift(run: Run) -> Iterator[Warned]:
    """Repeat the one warning of `render check` whose cause is only visible in the finished file."""
    message = repeat_drift(run.schedule)
    for problem in run.schedule.warnings:
        if message and problem.message == message:
            yield Warned(schedule=run.title, message=str(problem))


def run_of(schedule: Schedule, folder: Path, options: RunOptions | None = None) -> Run:
    """Create the run of a schedule in a folder. Raises `InputError` if an option does not fit."""
    origin = schedule.origin or Origin(file=str((folder / "schedule.yaml").absolute()))
    return Run(schedule, origin, RunFolder(folder), options or RunOptions())


def render_all(
    requests: Sequence[RunRequest],
    session: Session,
    options: RunOptions,
    reporter: Reporter,
    at_once: int | None = 1,
    stop: Callable[[], bool] | None = None,
) -> int:
    """Render every schedule to its folder and return the exit code; after an interruption no further run is started.

    Args:
        at_once: how many runs with the same size and models (schedules, or shots of one) are refined as one batch;
            None measures what is fastest.
        stop: called before every frame; it ends there if that returns True. None listens to Ctrl-C.

    Raises:
        InputError: an option does not fit; nothing was rendered.
    """
    failed = interrupted = False
    with contextlib.ExitStack() as stack:
        stop = stop or stack.enter_context(handling_ctrl_c(partial(reporter.note, FINISHING)))
        runs, wholes = split(
            [run_of(request.schedule, request.folder, options) for request in requests], at_once or LARGEST_BATCH
        )
        remotes = {request.folder: request.remote for request in requests}

        def events(run: Run, *, prepared: Prepare = lambda renderer: renderer) -> Generator[Event, None, None]:
            return session.run_events(run, stop, prepared, remotes[run.folder.path])

        chosen = AtOnce(at_once, reporter.note)
        for group in [[run] for run in runs] if at_once == 1 else groups(runs):
            with contextlib.closing(joined(in_lockstep(group, events, chosen), wholes, events)) as all_events:
                for run, event in all_events:  # closed however this block is left, so that what was made is uploaded
                    reporter(event)
                    failed |= isinstance(event, Failed)
                    interrupted |= isinstance(event, Interrupted)
                    if isinstance(event, Failed) and event.fatal:
                        return RunError.exit_code
                    if isinstance(event, Finished) and run.part is None and (remote := remotes[run.folder.path]):
                        reporter.note(f"{event.schedule}: uploaded to {remote}")
            if interrupted:
                return INTERRUPTED
    return RunError.exit_code if failed else 0
