"""Which frames of a run's folder a text would leave as they are."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.hashes import chain
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from pipeline.studio.folder.reading import read
from render.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Stale:
    """A folder's frames compared with a text.

    Attributes:
        output: the name of the run's folder; "" if nothing has been rendered.
        frames: how many frames the text has.
        rendered: how many frames the folder has, whether they match the text or not.
        current: how many of them match the text.
        stale_from: the first rendered frame that the text would change; null if there is none.
        missing_from: the first frame that would be rendered; null if all are there.
    """

    output: str
    frames: int
    rendered: int
    current: int
    stale_from: int | None
    missing_from: int | None


def compare(text: str, file: Path, folder: Path, draft: bool) -> Stale:
    """Compare the frames in a run's folder with those that a text makes. The models are assumed to be the run's.

    Raises:
        RefusedError: the text has problems.
    """
    schedule = read(text, file)
    return _compared(schedule.draft() if draft else schedule, RunFolder(folder))


def _compared(schedule: Schedule, run: RunFolder) -> Stale:
    timeline = Timeline(schedule)
    try:
        models = run.origin().models
    except InputError:
        return Stale(output="", frames=len(timeline), rendered=0, current=0, stale_from=None, missing_from=0)
    hashes = chain(timeline, models)
    stale, current = [], set()
    present = run.frames.present()
    for index in present:
        record = run.frames.record(index)
        if record is not None and index < len(hashes) and record.hash == hashes[index]:
            current.add(index)
        else:
            stale.append(index)
    missing = next((index for index in range(len(hashes)) if index not in current), None)
    return Stale(
        output=run.path.name,
        frames=len(hashes),
        rendered=len(present),
        current=len(current),
        stale_from=min(stale, default=None),
        missing_from=missing,
    )
