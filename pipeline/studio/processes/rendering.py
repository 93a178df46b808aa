"""Runs in a process of its own: renders one schedule with all its variants, and reports every event.

SIGINT finishes the frame, as Ctrl-C does for `render FILE`; SIGTERM ends at once. Either way the run can go on later.
"""

from multiprocessing.connection import Connection

from pipeline.run.events import Event
from pipeline.run.interrupt import INTERRUPTED
from pipeline.run.progress import Throttle
from pipeline.run.run import RunOptions
from pipeline.run.session.requests import requests_of
from pipeline.run.session.session import Session, render_all
from pipeline.schedule.origin import Origin
from pipeline.studio.processes.messages import Ended, Happened, Note, RenderOrder
from render.device import failures
from render.errors import RenderError

_MEGABYTE = 1_000_000


def render(connection: Connection) -> None:
    """Receive one `RenderOrder`, carry it out, and send what happens; the last message is `Ended`."""
    try:
        order: RenderOrder = connection.recv()
        connection.send(_rendered(order, Telling(connection)))
    except KeyboardInterrupt:  # before the run began to listen to it, or a second one
        connection.send(Ended(outcome="stopped"))


class Telling:
    """A `Reporter` that sends everything through the pipe."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._throttle = Throttle(1.0)

    def __call__(self, event: Event) -> None:
        self._connection.send(Happened(event=event))

    def note(self, text: str) -> None:
        self._connection.send(Note(text=text))

    def downloaded(self, name: str, done: int, total: int | None) -> None:
        if self._throttle.allows(done == total):
            of = f" of {total / _MEGABYTE:.0f}" if total else ""
            self.note(f"downloading {name}: {done / _MEGABYTE:.0f}{of} MB")

    def close(self) -> None:
        pass


def _rendered(order: RenderOrder, telling: Telling) -> Ended:
    try:
        origin = Origin(file=str(order.file), draft=order.draft)
        requests = requests_of(order.file, origin, order.folder, order.text)
        session = Session(order.machine.device, order.machine.offline, telling.downloaded)
        code = render_all(requests, session, RunOptions(fresh=order.fresh), telling, order.lockstep)
    except RenderError as error:
        return Ended(outcome="failed", message=str(error))
    except MemoryError:
        return Ended(outcome="failed", message="out of memory; finished frames are kept")
    except OSError as error:
        return Ended(outcome="failed", message=f"{error}; finished frames are kept")
    except (RuntimeError, ImportError) as error:
        if (failure := failures.machine_failure(error)) is None:
            raise
        return Ended(outcome="failed", message=str(failure))
    if code == INTERRUPTED:
        return Ended(outcome="stopped")
    return Ended(outcome="failed" if code else "finished")
