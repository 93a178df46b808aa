"""The end of a run as a return value or an exception, for programs that do not follow its events."""

import logging
from collections.abc import Generator
from contextlib import closing

from pipeline.run.events import Event, Failed, Finished, Interrupted, Warned
from pipeline.run.interrupt import INTERRUPTED
from render.errors import RenderError, RunError

_log = logging.getLogger(__name__)


class RunStoppedError(RenderError):
    """Raised if a run was stopped before its video was made; `event` says how far it got."""

    exit_code = INTERRUPTED

    def __init__(self, event: Interrupted) -> None:
        self.event = event
        super().__init__(f"{event.schedule}: stopped, {event.done} of {event.frames} frames are done")


def outcome(events: Generator[Event, None, None]) -> Finished:
    """Consume the events of one run and return the last one; warnings are logged.

    Raises:
        RunError: the run failed.
        RunStoppedError: the run was stopped.
    """
    with closing(events):
        for event in events:
            match event:
                case Warned():
                    _log.warning("%s: %s", event.schedule, event.message)
                case Failed():
                    raise event.error or RunError(event.message)
                case Interrupted():
                    raise RunStoppedError(event)
                case Finished():
                    return event
    raise AssertionError("a run ends in Finished, Interrupted or Failed")
