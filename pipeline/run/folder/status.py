"""What the folder of a run contains, compared with its schedule as it is now."""

import json
import shlex
from dataclasses import asdict, dataclass

from pipeline.run.folder.finished import num_shown
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.hashes import chain
from pipeline.run.folder.history import History
from pipeline.run.folder.lock import Holder, holder
from pipeline.schedule.origin import Origin
from pipeline.schedule.timeline import Timeline
from render.errors import printable


@dataclass(frozen=True, kw_only=True)
class Status:
    """The status of a run's folder; `A:B` stands for frames A to B - 1.

    Attributes:
        done: frames that are there and match the schedule.
        stale: frames that are there, but belong to an earlier schedule or other models, or lie past the end.
        missing: frames that are not there, or truncated.
        states: frames after which there is a state that rendering can continue from.
        edited: whether the schedule's file has changed since the run.
        video_frames: how many frames the video was made of; None if that is unknown.
        writer: who is currently rendering into the folder.
        history: how many earlier runs are kept, see `render history`.
        go_on: the command that renders what is stale or missing.
    """

    folder: str
    schedule: str
    frames: int
    done: tuple[str, ...]
    stale: tuple[str, ...]
    missing: tuple[str, ...]
    states: tuple[int, ...]
    edited: bool
    video: bool
    writer: Holder | None
    video_frames: int | None = None
    history: int = 0
    go_on: str = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    def __str__(self) -> str:
        folder, schedule = printable(self.folder), printable(self.schedule)  # a name can contain a line break
        lines = [f"{folder}: {self.frames} frames of {schedule}{' (edited since)' if self.edited else ''}"]
        for name in ("done", "stale", "missing"):
            ranges = getattr(self, name)
            lines.append(f"  {name:<8} {_count(ranges):>6}  {_short(ranges)}".rstrip())
        lines.append(f"  {'video':<8} {'':>6}  {self._video()}")
        if self.history:
            lines.append(f"  history  {self.history:>6}  render history {self.folder} lists them")
        if self.writer is not None:
            lines.append(f"  being rendered by {self.writer}")
        elif self.stale or self.missing:
            lines.append(f"  continue with: {printable(self.go_on)}")
        return "\n".join(lines)

    def _video(self) -> str:
        if not self.video:
            return "not made yet"
        if self.video_frames is None:
            return "present; it may not show all frames" if self.missing else "present"
        return "present" if self.video_frames >= self.frames else f"shows {self.video_frames} of {self.frames} frames"


def read_status(folder: RunFolder) -> Status:
    """Read the metadata of every frame; reads no pixels and loads no model.

    The models are assumed to be those of the run: only rendering, which has to read the model files anyway, finds out
    whether they have changed since.

    Raises:
        InputError: this is not the folder of a run, or its schedule can no longer be read.
    """
    origin = folder.origin()
    schedule, edited = folder.load_schedule(origin)
    hashes = chain(Timeline(schedule), origin.models)
    present = set(folder.frames.present())
    done, stale = set(), set()
    for index in present:
        record = folder.frames.record(index)
        if record is not None and index < len(hashes) and record.hash == hashes[index]:
            done.add(index)
        elif record is not None:
            stale.add(index)
    states, shown = folder.states(schedule), num_shown(folder)
    notes = ((index, states.note(index)) for index in states.kept() if index < len(hashes))
    return Status(
        folder=str(folder.path),
        schedule=origin.file,
        frames=len(hashes),
        done=ranges(done),
        stale=ranges(stale),
        missing=ranges(set(range(len(hashes))) - done - stale),
        states=tuple(index for index, note in notes if note is not None and note.frame_hash == hashes[index]),
        edited=edited,
        video=folder.video.is_file(),
        video_frames=int(shown) if shown < float("inf") else None,
        writer=holder(folder.path),
        history=len(History(folder).entries()),
        go_on=_command(origin),
    )


def _command(origin: Origin) -> str:
    """The command that started the run; for a variant, the one that started all variants."""
    changed = [] if origin.variant else [f"--set {shlex.quote(f'{path}={value}')}" for path, value in origin.overrides]
    return " ".join(["render", origin.file, *(["--draft"] if origin.draft else []), *changed])


def ranges(numbers: set[int]) -> tuple[str, ...]:
    """{0, 1, 2, 7} as ("0:3", "7:8"), in the notation of `--frames`."""
    return tuple(f"{begin}:{end}" for begin, end in stretches(numbers))


def stretches(numbers: set[int]) -> list[tuple[int, int]]:
    """{0, 1, 2, 7} as half-open ranges [(0, 3), (7, 8)]."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number:
            found[-1] = (found[-1][0], number + 1)
        else:
            found.append((number, number + 1))
    return found


def _count(written: tuple[str, ...]) -> int:
    pairs = (text.split(":") for text in written)
    return sum(int(end) - int(begin) for begin, end in pairs)


def _short(written: tuple[str, ...]) -> str:
    shown = " ".join(written[:8])
    return shown if len(written) <= 8 else f"{shown} ..."
