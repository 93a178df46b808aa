"""Runs of tests, from their beginning to their end."""

from collections.abc import Callable

from pipeline.run.events import Event, Finished
from pipeline.run.run import Run
from render.renderer.renderer import Renderer


def completes(
    run: Run,
    load: Callable[[Callable[[str], None]], Renderer],
    report: Callable[[Event], None] = lambda event: None,
    stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Report all events of a run; whether it was finished, not stopped."""
    models = run.schedule.models.locate(offline=True, progress=lambda name, done, total: None)
    event = None
    for event in run.events(models.digests(), load, stop):
        report(event)
    return isinstance(event, Finished)
