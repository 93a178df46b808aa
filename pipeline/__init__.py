"""The time side: schedules, timelines, runs, videos and the command line.

    from pipeline import load_schedule, render

    for event in render(load_schedule("schedules/sunset.yaml"), "outputs/sunset"):
        print(event)

Names are looked up when they are used, so that importing the package costs nothing; torch is imported
when the first frame is rendered.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.api import load_schedule, load_variants, render
    from pipeline.run.session.session import Session

__all__ = ["Session", "load_schedule", "load_variants", "render"]

_HOMES = dict.fromkeys(("load_schedule", "load_variants", "render"), "pipeline.api") | {
    "Session": "pipeline.run.session.session"
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'pipeline' has no attribute '{name}'")
