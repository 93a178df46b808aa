"""Waits for a folder that another run is writing into, until that run has ended or died, and then takes over."""

import time
from collections.abc import Callable, Generator
from contextlib import closing

from pipeline.run.events import RUN_AGAIN, Event, Failed, Interrupted, Warned
from pipeline.run.folder.lock import in_use
from pipeline.run.run import Run

BETWEEN = 0.5  # seconds between two checks of the lock


def when_free(
    attempt: Callable[[], Generator[Event, None, None]], run: Run, stop: Callable[[], bool]
) -> Generator[Event, None, None]:
    """Yield the events of a run, as soon as its folder is free.

    Runs that are refined in lockstep with this one wait as well.

    Args:
        attempt: starts the run; if the folder is in use, its only event says so.
        stop: called repeatedly; the waiting ends if it returns True.
    """
    reported = ""
    while True:
        refused: Failed | None = None
        with closing(attempt()) as events:
            for event in events:
                if isinstance(event, Failed) and event.held_by:
                    refused = event
                else:
                    yield event
        if refused is None:
            return
        holder = refused.held_by
        while holder:
            if stop():
                yield _interruption(run)
                return
            if holder != reported:
                yield Warned(schedule=run.title, message=f"waiting for {holder}")
                reported = holder
            time.sleep(BETWEEN)
            holder = in_use(run.folder.path, run.part)


def _interruption(run: Run) -> Interrupted:
    return Interrupted(
        schedule=run.title,
        folder=run.folder.path,
        done=len(run.folder.frames.present()),
        frames=run.schedule.output.num_frames,
        go_on=RUN_AGAIN,
    )
