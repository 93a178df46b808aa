"""What a run reports while it goes on: small objects for the bar, the lines and the JSON alike."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from render.errors import DeviceError, FolderInUseError, RunError

GO_ON = "run the same command again to go on"


@dataclass(frozen=True, kw_only=True)
class Started:
    """A run begins: frames `first` to `last` - 1 of `frames` are rendered, those from `begin` on are there.

    `remaining` is how many are to be rendered. A part of a run has nothing to do with the frames before its `begin`.
    `stale` of the frames in the folder belong to what the schedule was before it was edited, or to
    other models.
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
    """The finished run that is about to be overwritten is kept in `place`, as number `number` of the history."""

    schedule: str
    folder: Path
    place: Path
    number: int


@dataclass(frozen=True, kw_only=True)
class Warned:
    """Something was done differently than asked, or is not as it should be; the run goes on."""

    schedule: str
    message: str


@dataclass(frozen=True, kw_only=True)
class FrameDone:
    """A frame is written. Speeds are in refinement steps per second, times in seconds."""

    schedule: str
    index: int
    remaining: int
    seconds: float
    steps_per_second: float
    similarity: float | None
    seconds_left: float


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The video is there; `rendered` of its `frames` are new. None is made of a part alone.

    `taken_back` were rendered by earlier runs and put in place again.
    """

    schedule: str
    video: Path | None
    frames: int
    rendered: int
    seconds: float
    taken_back: int = 0


@dataclass(frozen=True, kw_only=True)
class Interrupted:
    """The run was asked to stop; `done` of `frames` are kept, `go_on` says how to go on."""

    schedule: str
    folder: Path
    done: int
    frames: int
    go_on: str


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A run could not go on; where `fatal` no other one can in this process, since its GPU has failed.

    `held_by` says who writes into the folder, where that is why: nothing was done, and it can be tried again later.
    `error` is what was raised, for programs in this process: it is not pickled and not in the JSON.
    """

    schedule: str
    message: str
    fatal: bool = False
    held_by: str = ""
    error: RunError | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, schedule: str, error: RunError) -> "Failed":
        """The failure of a run by what it raised, without tracebacks: their frames keep models and tensors alive."""
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
    """One line: {"event": "frame", ...}."""
    shown = {each.name: getattr(event, each.name) for each in dataclasses.fields(event) if each.name != "error"}
    return json.dumps({"event": _NAMES[type(event)], **shown}, default=str, allow_nan=False)
