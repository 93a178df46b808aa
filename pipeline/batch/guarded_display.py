"""Protect a batch from failures of its display, such as a closed terminal or a full disk after `>`."""

import os
import sys
from collections.abc import Callable, Sequence

from pipeline.batch.display import Display
from pipeline.batch.jobs.job import JobState
from pipeline.run.events import Event


class GuardedDisplay:
    """Forwards updates to a display and ignores its failures. batch.json and the logs hold the same information."""

    def __init__(self, display: Display) -> None:
        self._display = display

    def changed(self, state: JobState) -> None:
        self._try(lambda: self._display.changed(state))

    def event(self, state: JobState, event: Event) -> None:
        self._try(lambda: self._display.event(state, event))

    def note(self, text: str) -> None:
        self._try(lambda: self._display.note(text))

    def close(self, states: Sequence[JobState]) -> None:
        self._try(lambda: self._display.close(states))

    def _try(self, show: Callable[[], None]) -> None:
        try:
            show()
        except BrokenPipeError:
            _drop_output()
        except Exception:  # jobs continue, whatever a terminal or a library raises
            pass


def _drop_output() -> None:
    """Discard all further output, since nobody reads it any more (`render batch ... | head`)."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError):
            pass
    os.close(nowhere)
