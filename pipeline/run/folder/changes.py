"""The history of a run's folder, for people: dates, changes, numbers of frames and disk usage."""

import difflib
import itertools
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.run.folder.finished import is_finished
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.history import History
from render.errors import InputError, printable

_LINES, _WIDTH = 6, 100


@dataclass(frozen=True, kw_only=True)
class Line:
    """One run in the listing.

    Attributes:
        number: in the history; None for the current run.
        made: when, in seconds since the epoch.
        frames: how many of its frames are there.
        bytes: its size on disk, without files shared with later runs.
        changes: the differing lines between the schedule of the run before it and its own, marked - and +.
    """

    number: int | None
    made: float
    finished: bool
    frames: int
    bytes: int
    changes: tuple[str, ...]

    def to_record(self) -> dict[str, Any]:
        """The line as plain values, ready for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        name = "now" if self.number is None else str(self.number)
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.made))
        state = "" if self.finished else ", not finished"
        shown = [f"{name:>4}  {when}  {self.frames} frame{'s' * (self.frames != 1)}{state}, {_size(self.bytes)}"]
        shown += [f"        {printable(text)[:_WIDTH]}" for text in self.changes[:_LINES]]
        if len(self.changes) > _LINES:
            shown.append(f"        ... and {len(self.changes) - _LINES} more lines")
        return "\n".join(shown)


def listed(folder: RunFolder) -> list[Line]:
    """Every run that is kept, oldest first, and then the current run.

    Raises:
        InputError: this is not the folder of a run.
    """
    entries = History(folder).entries()
    runs = [*(entry.folder for entry in entries), folder]
    sizes = _sizes(runs)
    changes = [(), *(_changes(before, after) for before, after in itertools.pairwise(runs))]
    count = folder.video_plan().frames
    present = sum(index < count for index in folder.frames.present())
    newest = max((path.stat().st_mtime for path in folder.files(0)), default=0.0)
    facts = [(entry.number, entry.made, entry.finished, entry.frames) for entry in entries]
    return [
        Line(number=number, made=made, finished=finished, frames=frames, bytes=size, changes=changed)
        for (number, made, finished, frames), size, changed in zip(
            [*facts, (None, newest, is_finished(folder), present)], sizes, changes, strict=True
        )
    ]


def _sizes(runs: list[RunFolder]) -> list[int]:
    """The bytes of each run in files that no later run shares."""
    seen: set[tuple[int, int]] = set()
    found = []
    for run in reversed(runs):
        stats = [path.stat() for path in run.files(None)]
        new = {(stat.st_dev, stat.st_ino): stat.st_size for stat in stats}
        found.append(sum(size for file, size in new.items() if file not in seen))
        seen |= new.keys()
    return found[::-1]


def _changes(before: RunFolder, after: RunFolder) -> tuple[str, ...]:
    old, new = _source(before), _source(after)
    return tuple(_differing(old, new)) or (("different models",) if _models(before) != _models(after) else ())


def _differing(old: str, new: str) -> Iterator[str]:
    for text in difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm=""):
        if not text.startswith(("---", "+++", "@@")):
            yield text


def _source(run: RunFolder) -> str:
    try:
        return run.source()
    except InputError:
        return ""


def _models(run: RunFolder) -> object:
    try:
        return run.origin().models
    except InputError:
        return None


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
