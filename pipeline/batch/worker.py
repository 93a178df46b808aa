"""A process that renders what it is given and keeps the models; it may die at any moment."""

import contextlib
import faulthandler
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from pipeline.batch.entry import Work
from pipeline.batch.group import Logs, Terms, gist, rendered
from pipeline.events import Event
from pipeline.interrupt import FAREWELL, TERMINATED, TerminatedError, leave, terminating_well
from pipeline.lockstep import AtOnce
from pipeline.schedule import Schedule
from pipeline.session import Session

STOP = "stop"
CRASHED = 70  # the exit code of a worker that met what it cannot trust itself after


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """How a worker works.

    Attributes:
        device: see `render.device.pick_device`.
        threads: of torch on a CPU; None leaves that to torch and OMP_NUM_THREADS.
    """

    device: str
    threads: int | None
    terms: Terms


@dataclass(frozen=True, kw_only=True)
class Told:
    """An event of the job of this name, and the bytes of memory that its process takes by then."""

    job: str
    event: Event
    memory: int


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What was measured, in a line."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Idle:
    """The jobs are at their end, a good one or not; the next ones may come.

    Attributes:
        at_once: how many of their kind are refined together with profit, if that was measured.
    """

    at_once: int | None = None


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
    at_once = AtOnce(conditions.terms.at_once, lambda text: connection.send(Noted(text=text)))
    while True:
        jobs = connection.recv()
        if jobs == STOP:
            continue  # it came when the jobs had just ended
        logs = Logs(jobs)
        logs.begin(f"worker {os.getpid()}")
        _log_to(jobs[0].log)
        session = session or _session(conditions)
        try:
            stop = _asked_to_stop(connection)
            events = rendered(jobs, _schedule, session, conditions.terms.options, at_once, stop)
            with contextlib.closing(events):
                for job, event in events:
                    logs.tell(job, event)
                    connection.send(Told(job=job.name, event=event, memory=memory()))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:
            logs.say(traceback.format_exc())
            connection.send(Crashed(message=gist(error)))
            sys.exit(CRASHED)
        connection.send(Idle(at_once=at_once.measured(jobs[0].kind)))


def _schedule(job: Work) -> Schedule:
    return job.origin.load(shown=job.file)


def _session(conditions: Conditions) -> Session:
    if conditions.threads is not None:
        import torch

        torch.set_num_threads(conditions.threads)
    return Session(conditions.device, conditions.terms.offline)


def _asked_to_stop(connection: Connection) -> Callable[[], bool]:
    """Whether anything was said since the jobs were given, which can only be: stop."""
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
    """From here on all that this process says, libraries and a fault's traceback with it, goes to this file."""
    try:
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError:  # why, the run will tell
        log = os.open(os.devnull, os.O_WRONLY)
    sys.stdout.flush()
    sys.stderr.flush()
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)
    faulthandler.enable(file=2)


def memory() -> int:
    """Bytes that torch holds on the GPU, else of this process."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return int(torch.cuda.memory_reserved())
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not Linux
        return 0
