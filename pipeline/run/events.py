"""The events that a run reports: small dataclasses, shared by the progress bar, the plain lines and the JSON output."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from render.errors import DeviceError, FolderInUseError, RunError

RUN_AGAIN = "run the same command again to continue"


@dataclass(frozen=True, kw_only=True)
class Started:
    """A run begins: it covers frames `begin` to `last` - 1 of the schedule's `frames`, and rendering starts at `first`.

    `remaining` is the number of frames to render; the others are there. A run that is not a part has `begin` 0.
    `stale` is the number of frames in the folder that belong to the schedule before it was edited, or to other models.
    """

    schedule: str
    folder: Path
    frames: int
    first: int
    last: int
    stale: int
    device: str
    begin: int = 0
    remaining: int = 0


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A finished run that is about to be overwritten was put aside in `place`, as number `number` of the history."""

    schedule: str
    folder: Path
    place: Path
    number: int


@dataclass(frozen=True, kw_only=True)
class Warned:
    """Something was done differently than requested, or is not as it should be; the run continues."""

    schedule: str
    message: str


@dataclass(frozen=True, kw_only=True)
class FrameDone:
    """A frame is on the disk. Speeds are in refinement steps per second, times in seconds."""

    schedule: str
    index: int
    remaining: int
    seconds: float
    steps_per_second: float
    similarity: float | None
    seconds_left: float


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The video is made; `rendered` of its `frames` are new. A part on its own makes no video.

    `taken_back` frames were rendered by earlier runs and have been put back in place.
    """

    schedule: str
    video: Path | None
    frames: int
    rendered: int
    seconds: float
    taken_back: int = 0


@dataclass(frozen=True, kw_only=True)
class Interrupted:
    """The run was asked to stop; `done` of `frames` are kept, `go_on` is the command that continues."""

    schedule: str
    folder: Path
    done: int
    frames: int
    go_on: str


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A run failed; if `fatal`, no other run can continue in this process either, because its GPU has failed.

    `held_by` is set if another process is writing into the folder, and names it: nothing was done, and the run can be
    tried again later. `error` is the exception, for programs in this process: it is not pickled and not in the JSON.
    """

    schedule: str
    message: str
    fatal: bool = False
    held_by: str = ""
    error: RunError | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, schedule: str, error: RunError) -> "Failed":
        """The failure for an exception, with tracebacks removed: their stack frames keep models and tensors alive."""
        error.__cause__ = error.__context__ = None
        return cls(
            schedule=schedule,
            message=str(error),
            fatal=isinstance(error, DeviceError),
            held_by=error.holder if isinstance(error, FolderInUseError) else "",
            error=error.with_traceback(None),
        )

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"error": None}


Event = Started | Kept | Warned | FrameDone | Finished | Interrupted | Failed

_NAMES = {
    Started: "started",
    Kept: "kept",
    Warned: "warning",
    FrameDone: "frame",
    Finished: "finished",
    Interrupted: "interrupted",
    Failed: "failed",
}


def to_json(event: Event) -> str:
    """The event as one line of JSON: {"event": "frame", ...}."""
    shown = {each.name: getattr(event, each.name) for each in dataclasses.fields(event) if each.name != "error"}
    return json.dumps({"event": _NAMES[type(event)], **shown}, default=str, allow_nan=False)
