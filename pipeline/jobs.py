"""What of a schedule is to be rendered where: one job, or one for every variant."""

from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.folder import Origin
from pipeline.schedule import Schedule
from render.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Job:
    """A schedule, the folder it is rendered to, and the bucket's URL that this is a mirror of, if it is of one."""

    schedule: Schedule
    folder: Path
    remote: str | None = None


def jobs_of(file: Path, origin: Origin, folder: Path) -> list[Job]:
    """One job, or one for every variant, each in a folder below the schedule's. Raises `InputError`."""
    return [Job(schedule=found, folder=folder / name) for name, found in variants(origin, file).items()]


def variants(origin: Origin, file: Path) -> dict[str, Schedule]:
    """Every combination of a schedule's `variants:` by name; the schedule itself by "" where nothing varies.

    Args:
        file: stands for the schedule's file in messages.

    Raises:
        InputError: the schedule is wrong, or an override is of what varies.
    """
    schedule = origin.load(shown=file)
    if not schedule.variants:
        return {"": schedule}
    asked = {path for path, _ in origin.overrides}
    found = {}
    for variant in schedule.variants:
        for path, _ in variant.overrides:
            if path in asked:
                raise InputError(f"--set {path}: varies in {file}; change it there, under variants:")
        of_it = replace(origin, overrides=(*origin.overrides, *variant.overrides), variant=variant.name)
        found[variant.name] = of_it.load(shown=file)
    return found
