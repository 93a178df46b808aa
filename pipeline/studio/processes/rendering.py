"""Runs in a process of its own: renders one schedule with all its variants, and reports every event.

SIGINT finishes the frame, as Ctrl-C does for `render FILE`; SIGTERM ends at once. Either way the run can go on later.

A new text takes effect at the next frame: the run stops there, and a run of the new text begins in its folder, with the
models that are loaded. As any run, it keeps the frames whose hashes it shares, and goes on from the first one that it
does not. So what comes out is to the bit what the new text alone would have given.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection

from pipeline.run.events import Event
from pipeline.run.interrupt import INTERRUPTED, handling_ctrl_c
from pipeline.run.progress import Throttle
from pipeline.run.run import RunOptions
from pipeline.run.session.requests import requests_of
from pipeline.run.session.session import Session, render_all
from pipeline.schedule.origin import Origin
from pipeline.studio.processes.messages import Changed, Ended, Happened, NewText, Note, RenderOrder
from render.device import failures
from render.errors import RenderError

_MEGABYTE = 1_000_000


def render(connection: Connection) -> None:
    """Receive one `RenderOrder`, carry it out, and send what happens.

    The last message is `Ended`; its result is the number of the last `NewText` that was taken into account, or 0.
    """
    try:
        order: RenderOrder = connection.recv()
        texts, telling = Texts(connection), Telling(connection)
        ended = _rendered(order, texts, telling)
        connection.send(replace(ended, result=texts.taken))
    except KeyboardInterrupt:  # before the run began to listen to it, or a second one
        connection.send(Ended(outcome="stopped"))


class Texts:
    """The new texts that arrive while a run is going on; only the latest one counts."""

    def __init__(self, connection: Connection) -> None:
        self.taken = 0
        self._latest: NewText | None = None
        threading.Thread(target=self._receive, args=(connection,), name="texts", daemon=True).start()

    @property
    def has_one(self) -> bool:
        return self._latest is not None and self._latest.number > self.taken

    def take(self) -> str:
        """The text that has arrived last."""
        assert self._latest is not None
        latest = self._latest
        self.taken = latest.number
        return latest.text

    def _receive(self, connection: Connection) -> None:
        try:
            while True:
                self._latest = connection.recv()
        except (EOFError, OSError):  # the server is gone, and this process is about to end
            return


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

    def changed(self) -> None:
        """Report that the run goes on with a new text."""
        self._connection.send(Changed())

    def close(self) -> None:
        pass


def _rendered(order: RenderOrder, texts: Texts, telling: Telling) -> Ended:
    session = Session(order.machine.device, order.machine.offline, telling.downloaded)
    with handling_ctrl_c(lambda: telling.note("finishing this frame")) as is_stopped:
        while True:
            ended = _run(order, session, telling, lambda: is_stopped() or texts.has_one)
            if is_stopped() or not texts.has_one:
                return ended
            order = replace(order, text=texts.take(), fresh=False)
            telling.changed()


def _run(order: RenderOrder, session: Session, telling: Telling, stop: Callable[[], bool]) -> Ended:
    try:
        origin = Origin(file=str(order.file), draft=order.draft)
        requests = requests_of(order.file, origin, order.folder, order.text)
        code = render_all(requests, session, RunOptions(fresh=order.fresh), telling, order.lockstep, stop)
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
