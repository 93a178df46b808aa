"""What to render from a schedule, and where: one request, or one per variant."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.run.folder.folder import RunFolder
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import variants
from pipeline.schedule.schedule import Schedule
from render.errors import InputError


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """A schedule, the folder to render it to, and the URL of the bucket that the folder mirrors, if any."""

    schedule: Schedule
    folder: Path
    remote: str | None = None


def requests_of(file: Path, origin: Origin, folder: Path, text: str | None = None) -> list[RunRequest]:
    """One request, or one per variant, each in a folder below the schedule's. Raises `InputError`.

    A variant that was rendered under another name continues there, because naming has changed between versions.

    Args:
        text: read this as the content of the file, see `load_origin`.
    """
    found = variants(origin, file, text)
    if "" in found:
        return [RunRequest(schedule=found[""], folder=folder)]
    names = _rendered_as(found, folder)
    used = set(names.values())
    for number, name in enumerate(found, 1):
        names.setdefault(name, f"{name}_{number}" if name in used else name)
    return [RunRequest(schedule=schedule, folder=folder / names[name]) for name, schedule in found.items()]


def _rendered_as(found: dict[str, Schedule], folder: Path) -> dict[str, str]:
    """For every variant that already has a run below the folder, the name of that run."""
    there = _rendered(folder)
    names = {}
    for name, schedule in found.items():
        same = [old for old, changed in there.items() if changed == _changed(schedule)]
        if same:
            names[name] = name if name in same else same[0]
    return names


def _changed(schedule: Schedule) -> tuple[tuple[str, str], ...]:
    return schedule.origin.overrides if schedule.origin else ()


def _rendered(folder: Path) -> dict[str, tuple[tuple[str, str], ...]]:
    """The overrides of the runs below a folder, by the run's name."""
    found = {}
    for below in sorted(folder.iterdir()) if folder.is_dir() else ():
        with suppress(InputError):
            found[below.name] = RunFolder(below).origin().overrides
    return found
