"""Render a worker's jobs: one, or several in lockstep. Each has its own result and log."""

import io
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import replace
from pathlib import Path

from pipeline.batch.jobs.job import Job
from pipeline.batch.jobs.reason import reason
from pipeline.run.events import Event, Failed
from pipeline.run.progress import LineReporter
from pipeline.run.run import Run, RunOptions
from pipeline.run.session.grouping import AtOnce, groups, in_lockstep
from pipeline.run.session.session import Prepare, Session, run_of
from pipeline.schedule.schedule import Schedule
from render.device import failures
from render.errors import DeviceError, InputError, RunError


def render_jobs(
    jobs: Sequence[Job],
    schedule_of: Callable[[Job], Schedule],
    session: Session,
    options: RunOptions,
    at_once: AtOnce,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[tuple[Job, Event], None, None]:
    """Render jobs and yield their events; a failing job does not affect the others.

    Args:
        schedule_of: reads a job's schedule; any exception from it is a failure of this job.

    Raises:
        DeviceError: the GPU has failed; no job can continue in this process.
    """
    by_run: dict[Run, Job] = {}
    for job in jobs:
        try:
            by_run[run_of(schedule_of(job), job.folder, replace(options, part=job.part))] = job
        except Exception as error:
            yield job, not_loaded(job, error)

    def events(run: Run, *, prepared: Prepare = lambda renderer: renderer) -> Generator[Event, None, None]:
        try:
            yield from session.run_events(run, stop, prepared, by_run[run].remote)
        except InputError as error:  # no such device or bucket
            yield Failed(schedule=run.title, message=str(error))

    for group in groups(list(by_run)):
        with closing(in_lockstep(group, events, at_once)) as results:
            for run, event in results:
                if isinstance(event, Failed) and event.fatal:
                    raise DeviceError(event.message)
                yield by_run[run], event


def not_loaded(job: Job, error: Exception) -> Failed:
    """Return the failure of a job whose schedule, or a file that it names, became invalid after it was checked."""
    return Failed(schedule=job.name, message=reason(error, job.file))


class Logs:
    """The logs of a group of jobs; a job whose log cannot be written continues without one."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._names = [job.name for job in jobs]
        self._reporters = {job.log: LineReporter() for job in jobs}

    def begin(self, who: str) -> None:
        """Write to every log which process renders the job, and which other jobs it renders."""
        self.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {who}")
        if len(self._names) > 1:
            self.write(f"together: {', '.join(self._names)}")

    def event(self, job: Job, event: Event) -> None:
        """Write an event of a job to its log."""
        text = io.StringIO()
        with redirect_stdout(text), redirect_stderr(text), suppress(Exception):  # a log must not make a job fail
            self._reporters[job.log](event)
        _append(job.log, text.getvalue())

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Redirect everything else that is printed inside the block to the first log."""
        with ExitStack() as stack:
            with suppress(OSError):
                file = stack.enter_context(
                    next(iter(self._reporters)).open("a", encoding="utf-8", errors="backslashreplace", buffering=1)
                )
                stack.enter_context(redirect_stdout(file))
                stack.enter_context(redirect_stderr(file))
            yield

    def write(self, text: str) -> None:
        """Write a text to all logs."""
        for log in self._reporters:
            _append(log, f"{text.rstrip()}\n")


def gist(error: BaseException) -> str:
    """Describe in one line an error that ends the process; its advice to users is dropped, since the batch retries."""
    failure = (
        error if isinstance(error, RunError) or not isinstance(error, Exception) else failures.machine_failure(error)
    )
    text = str(failure).partition(",")[0] if isinstance(failure, DeviceError) else f"{type(error).__name__}: {error}"
    return next(iter(text.strip().splitlines()), "")


def _append(log: Path, text: str) -> None:
    with suppress(OSError):
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
