"""A process that renders one job after the other and keeps the models; it may die at any moment."""

import contextlib
import faulthandler
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from pipeline.batch.entry import Work
from pipeline.events import Event, Failed
from pipeline.interrupt import FAREWELL, TERMINATED, TerminatedError, leave, terminating_well
from pipeline.progress import LineReporter
from pipeline.run import RunOptions
from pipeline.session import Session
from render.errors import DeviceError, InputError

STOP = "stop"
CRASHED = 70  # the exit code of a worker that met what it cannot trust itself after


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """How a worker works.

    Attributes:
        device: see `render.device.pick_device`.
        threads: of torch on a CPU; None leaves that to torch and OMP_NUM_THREADS.
        offline: do not download models.
        options: of every run.
    """

    device: str
    threads: int | None
    offline: bool
    options: RunOptions


@dataclass(frozen=True, kw_only=True)
class Told:
    """An event of the job at work, and the bytes of memory it takes by then."""

    event: Event
    memory: int


@dataclass(frozen=True, kw_only=True)
class Idle:
    """The job is at its end, a good one or not; the next one may come."""


@dataclass(frozen=True, kw_only=True)
class Crashed:
    """Something happened that a run cannot answer for; the process ends now."""

    message: str


def work(connection: Connection, conditions: Conditions) -> None:
    """Render what comes along `connection` until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the batch tells us
    try:
        with terminating_well():
            _work(connection, conditions)
    except TerminatedError:
        leave(TERMINATED, FAREWELL)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the batch is gone


def _work(connection: Connection, conditions: Conditions) -> None:
    session: Session | None = None
    while True:
        job = connection.recv()
        if not isinstance(job, Work):
            continue  # a stop that came when the job had just ended
        _log_to(job.log)
        if session is None:
            session = _session(conditions)
        try:
            _render(job, session, conditions.options, connection)
        except InputError as error:  # the schedule was changed, or there is no such device
            connection.send(Told(event=Failed(schedule=job.name, message=str(error)), memory=0))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:
            traceback.print_exc()
            said = f"{type(error).__name__}: {error}"
            if isinstance(error, DeviceError):  # what people should do then, the batch does
                said = str(error).partition(",")[0]
            connection.send(Crashed(message=said.strip().splitlines()[0]))
            sys.exit(CRASHED)
        connection.send(Idle())


def _render(job: Work, session: Session, options: RunOptions, connection: Connection) -> None:
    log = LineReporter()
    schedule = job.origin.load(shown=job.file)
    stop = _asked_to_stop(connection)
    options = replace(options, part=job.part)
    with contextlib.closing(session.render(schedule, job.folder, options, stop, job.remote)) as events:
        for event in events:
            log(event)
            sys.stdout.flush()
            if isinstance(event, Failed) and event.fatal:
                raise DeviceError(event.message)
            connection.send(Told(event=event, memory=memory()))


def _session(conditions: Conditions) -> Session:
    if conditions.threads is not None:
        import torch

        torch.set_num_threads(conditions.threads)
    return Session(conditions.device, conditions.offline)


def _asked_to_stop(connection: Connection) -> Callable[[], bool]:
    """Whether anything was said since the job was given, which can only be: stop."""
    asked = False

    def stop() -> bool:
        nonlocal asked
        while not asked and connection.poll():
            try:
                asked = connection.recv() == STOP
            except EOFError:
                asked = True
        return asked

    return stop


def _log_to(path: Path) -> None:
    """From here on all that this process says, libraries and a crash's traceback with it, goes to this file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)
    faulthandler.enable(file=2)
    os.write(2, f"{time.strftime('%Y-%m-%d %H:%M:%S')} worker {os.getpid()}\n".encode())


def memory() -> int:
    """Bytes that torch holds on the GPU, else of this process."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return int(torch.cuda.memory_reserved())
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not Linux
        return 0
