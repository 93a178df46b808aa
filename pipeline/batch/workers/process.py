"""Run in a worker process: render the jobs it receives and keep models loaded. It may die at any moment."""

import contextlib
import faulthandler
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pipeline.batch.jobs.job import Job
from pipeline.batch.workers.options import WorkerOptions
from pipeline.batch.workers.rendering import Logs, gist, render_jobs
from pipeline.run.events import Event
from pipeline.run.interrupt import (
    TERMINATED,
    TERMINATED_MESSAGE,
    TerminatedError,
    end_with_parent,
    exit_now,
    handling_sigterm,
)
from pipeline.run.session.grouping import AtOnce
from pipeline.run.session.session import Session
from pipeline.schedule.origin_loader import load_origin
from pipeline.schedule.schedule import Schedule
from render.device.environment import prepare_environment

STOP = "stop"
CRASHED = 70  # the exit code of a worker after an error that leaves its state unreliable


@dataclass(frozen=True, kw_only=True)
class JobEvent:
    """An event of the job with this name, and the memory that its process uses, in bytes."""

    job: str
    event: Event
    memory: int


@dataclass(frozen=True, kw_only=True)
class Note:
    """A line to show, such as the result of a measurement."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Idle:
    """The jobs have ended, successfully or not; the worker is ready for more.

    Attributes:
        at_once: the best number of jobs of their kind to refine together, if measured.
    """

    at_once: int | None = None


@dataclass(frozen=True, kw_only=True)
class Crashed:
    """An unexpected failure; the process ends now."""

    message: str


class BatchGoneError(BaseException):
    """The batch's process is gone; handlers of a job's errors must not catch this."""


def run_worker(connection: Connection, options: WorkerOptions) -> None:
    """Render the jobs that arrive on `connection` until it closes; end with the batch's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the batch sends STOP
    prepare_environment()
    try:
        with handling_sigterm():
            threading.Thread(target=end_with_parent, name="parent", daemon=True).start()
            _serve(connection, options)
    except TerminatedError:
        exit_now(TERMINATED, TERMINATED_MESSAGE)
    except BatchGoneError:
        return


def _serve(connection: Connection, options: WorkerOptions) -> None:
    session: Session | None = None

    def send(message: object) -> None:
        try:
            connection.send(message)
        except OSError as error:
            raise BatchGoneError from error

    at_once = AtOnce(options.batch.at_once, lambda text: send(Note(text=text)))
    while True:
        jobs = _receive_jobs(connection)
        if jobs == STOP:
            continue  # a STOP that arrived when the jobs had just ended
        logs = Logs(jobs)
        logs.begin(f"worker {os.getpid()}")
        _log_to(jobs[0].log)
        try:
            session = session or _session(options)
            stop = _stop_requested(connection)
            events = render_jobs(jobs, _schedule, session, options.batch.run, at_once, stop)
            with contextlib.closing(events):
                for job, event in events:
                    logs.event(job, event)
                    send(JobEvent(job=job.name, event=event, memory=memory()))
        except (TerminatedError, BatchGoneError):
            raise
        except BaseException as error:  # including SystemExit
            logs.write(traceback.format_exc())
            send(Crashed(message=gist(error)))
            sys.exit(CRASHED)
        send(Idle(at_once=at_once.measured(jobs[0].batch_key)))


def _receive_jobs(connection: Connection) -> Any:
    try:
        return connection.recv()
    except (EOFError, OSError) as error:
        raise BatchGoneError from error


def _schedule(job: Job) -> Schedule:
    return load_origin(job.origin, shown=job.file)


def _session(options: WorkerOptions) -> Session:
    if options.threads is not None:
        import torch

        torch.set_num_threads(options.threads)
    return Session(options.device, options.batch.offline)


def _stop_requested(connection: Connection) -> Callable[[], bool]:
    """Whether the batch has sent anything after the jobs, which can only be STOP."""
    stopped = False

    def stop() -> bool:
        nonlocal stopped
        while not stopped:
            try:
                if not connection.poll():
                    break
                stopped = connection.recv() == STOP
            except (EOFError, OSError):
                stopped = True
        return stopped

    return stop


def _log_to(path: Path) -> None:
    """Redirect all output of this process to a file, including that of libraries and fault handlers."""
    try:
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError:  # the run reports why
        log = os.open(os.devnull, os.O_WRONLY)
    sys.stdout.flush()
    sys.stderr.flush()
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)
    faulthandler.enable(file=2)


def memory() -> int:
    """Return the bytes that torch has allocated on the GPU, or on a CPU the memory of this process."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return int(torch.cuda.memory_reserved())
    if torch is not None and torch.backends.mps.is_available():
        return int(torch.mps.driver_allocated_memory())
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError):  # not Linux
        return 0
