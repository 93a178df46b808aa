"""A run whose folder another run writes into waits until that one is through or has died, and takes over then."""

import time
from collections.abc import Callable, Generator
from contextlib import closing

from pipeline.run.events import GO_ON, Event, Failed, Interrupted, Warned
from pipeline.run.folder.lock import in_use
from pipeline.run.run import Run

BETWEEN = 0.5  # seconds between two looks at the lock


def when_free(
    attempt: Callable[[], Generator[Event, None, None]], run: Run, stop: Callable[[], bool]
) -> Generator[Event, None, None]:
    """What happens in a run, from the moment on at which its folder is free.

    Runs that are refined in lockstep with this one wait as well.

    Args:
        attempt: begins the run; where the folder is in use, its only event says so.
        stop: asked again and again; True ends the waiting.
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
        go_on=GO_ON,
    )
