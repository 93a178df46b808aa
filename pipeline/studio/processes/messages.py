"""What the server and its processes tell each other; all of it can be pickled."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.run.events import Event


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where work is done: the device, and whether models may be downloaded."""

    device: str = "auto"
    offline: bool = False


@dataclass(frozen=True, kw_only=True)
class RenderOrder:
    """A render.

    Attributes:
        file: the schedule.
        text: what to read as its content; None reads the file.
        folder: of the run.
        fresh: ignore the frames that are there.
        lockstep: how many variants or shots are refined at once; None measures the best number.
    """

    file: Path
    text: str | None
    folder: Path
    draft: bool = False
    fresh: bool = False
    lockstep: int | None = 1
    machine: Machine = Machine()


@dataclass(frozen=True, kw_only=True)
class NewText:
    """What to read as the content of a render's schedule from its next frame on; they are numbered from 1."""

    number: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A render has stopped at a frame and begins to go on with a new text."""


@dataclass(frozen=True, kw_only=True)
class LookOrder:
    """One moment to refine: frame `frame` of a text, written as a PNG to `picture`."""

    file: Path
    text: str
    frame: int
    draft: bool
    picture: Path


@dataclass(frozen=True, kw_only=True)
class Happened:
    """An event of a run."""

    event: Event


@dataclass(frozen=True, kw_only=True)
class Note:
    """A line for people, such as the progress of a download."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The work is over: as it should, or for a reason that `message` names.

    Attributes:
        problems: those of the schedule, if that was the reason, as `pipeline.studio.text.check` describes them.
    """

    outcome: Literal["finished", "stopped", "failed", "refused"]
    message: str = ""
    result: Any = None
    problems: tuple[Any, ...] = ()
