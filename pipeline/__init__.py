"""The time side: schedules, timelines, runs, videos and the command line.

    from pipeline import load_schedule, render

    render(load_schedule("schedules/sunset.yaml"), "outputs/sunset")

The names of `__all__` are the Python interface; docs/python.md describes them. They are looked up when they are first
used, so importing the package costs nothing. Torch is imported when the first frame is rendered.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.api import load_schedule, load_variants, render
    from pipeline.run.events import Event, Failed, Finished, FrameDone, Interrupted, Kept, Started, Warned
    from pipeline.run.run import RunOptions
    from pipeline.run.session.outcome import RunStoppedError
    from pipeline.run.session.session import Session
    from pipeline.schedule.schedule import Schedule
    from render.errors import (
        CheckpointError,
        DeviceError,
        DownloadError,
        EncodingError,
        FolderInUseError,
        InputError,
        MemoryLimitError,
        NonFiniteError,
        OutputFolderError,
        Problem,
        RenderError,
        RunError,
        ScheduleError,
        StorageError,
        UnfitPriorError,
        UnknownNameError,
        WeightsError,
    )

__all__ = [
    "CheckpointError",
    "DeviceError",
    "DownloadError",
    "EncodingError",
    "Event",
    "Failed",
    "Finished",
    "FolderInUseError",
    "FrameDone",
    "InputError",
    "Interrupted",
    "Kept",
    "MemoryLimitError",
    "NonFiniteError",
    "OutputFolderError",
    "Problem",
    "RenderError",
    "RunError",
    "RunOptions",
    "RunStoppedError",
    "Schedule",
    "ScheduleError",
    "Session",
    "Started",
    "StorageError",
    "UnfitPriorError",
    "UnknownNameError",
    "Warned",
    "WeightsError",
    "load_schedule",
    "load_variants",
    "render",
]

_HOMES = {
    **dict.fromkeys(("load_schedule", "load_variants", "render"), "pipeline.api"),
    **dict.fromkeys(
        ("Event", "Failed", "Finished", "FrameDone", "Interrupted", "Kept", "Started", "Warned"), "pipeline.run.events"
    ),
    "RunOptions": "pipeline.run.run",
    "RunStoppedError": "pipeline.run.session.outcome",
    "Schedule": "pipeline.schedule.schedule",
    "Session": "pipeline.run.session.session",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'pipeline' has no attribute '{name}'")
    value = getattr(import_module(_HOMES.get(name, "render.errors")), name)
    globals()[name] = value  # the next look-up finds it there
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
