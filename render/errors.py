"""Every error that a user can meet.

RenderError                 exit code 1 unless said otherwise
├── InputError              2   what the user wrote cannot be used
│   ├── ScheduleError           a schedule, with the place of every problem
│   ├── UnknownNameError        a name that is in no catalogue
│   └── UnfitPriorError         a bank or transformer that was made for other models
└── RunError                1   something failed while running
    ├── WeightsError            a model's files are missing or do not fit
    │   └── DownloadError           they could not be fetched
    ├── NonFiniteError          the refinement produced NaN or infinity
    ├── MemoryLimitError        the frame does not fit into memory
    ├── DeviceError             the GPU has failed
    ├── CheckpointError         a saved state cannot be used
    ├── FolderInUseError        another run writes into the folder
    ├── OutputFolderError       the folder of a run cannot be made or written to
    ├── StorageError            a bucket cannot be read or written
    └── EncodingError           ffmpeg is missing or failed
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


class RenderError(Exception):
    """The base class of all our errors: its text is one clear message for the user, never a traceback."""

    exit_code = 1


class InputError(RenderError):
    """What the user wrote cannot be used."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem in a schedule: its position in the file, its path in the schedule, and what was expected."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: "
        return printable(where + (f"{self.path}: {self.message}" if self.path else self.message))


class ScheduleError(InputError):
    """A schedule has problems: `problems` holds each one with its position."""

    def __init__(self, problems: Sequence[Problem], more: int = 0) -> None:
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems]
        if more:
            lines.append(f"... and {more} more")
        super().__init__("\n".join(lines))


class UnknownNameError(InputError):
    """A name is in no catalogue; the message suggests a similar one, or else gives `hint` or lists all names."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        self.kind, self.name = kind, name
        super().__init__(f"unknown {kind} '{name}'; {suggestion(name, known, hint)}")


class UnfitPriorError(InputError):
    """A prior was made for another VQGAN or perceptor than the schedule's, or is not a prior at all."""


class RunError(RenderError):
    """Something failed while running; finished work is kept."""


class WeightsError(RunError):
    """A model's files are missing or do not fit."""


class DownloadError(WeightsError):
    """A model's file could not be fetched from any of its addresses."""


class NonFiniteError(RunError):
    """The refinement produced NaN or infinity."""


class MemoryLimitError(RunError):
    """The frame does not fit into the device's memory."""


class DeviceError(RunError):
    """The GPU has failed and can no longer be used in this process."""


class CheckpointError(RunError):
    """A saved state cannot be used."""


IN_USE = "wait for it (render --wait does), stop it, or give another --out"


class FolderInUseError(RunError):
    """Another run writes into the folder; `holder` says which."""

    def __init__(self, folder: Path, holder: str) -> None:
        self.folder, self.holder = folder, holder
        super().__init__(f"{folder}: is being rendered by {holder}; {IN_USE}")


class OutputFolderError(RunError):
    """The folder of a run cannot be created or written to."""


class StorageError(RunError):
    """A bucket cannot be read or written; finished work is kept in the local folder."""


class EncodingError(RunError):
    """ffmpeg is missing or failed; the frames are kept."""


def suggestion(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return "did you mean 'zoom'?" if a known name is similar, else `otherwise` or the list of known names."""
    names = sorted(known)
    by_lower = {name.lower(): name for name in names}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f"did you mean '{by_lower[close[0]]}'?" if close else otherwise or f"expected one of: {', '.join(names)}"


def printable(text: str) -> str:
    """Escape control characters: text from a file, or a file's name, must not control the terminal that shows it."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def one_line(text: str, limit: int = 60) -> str:
    """Return a text as one printable line, cut to `limit` characters, for labels."""
    shown = printable(" ".join(text.split()))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
