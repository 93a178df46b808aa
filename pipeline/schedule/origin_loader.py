"""From what a run was started with to its schedule, or to one for each of its variants."""

from dataclasses import replace
from pathlib import Path

from pipeline.schedule.loader import load_schedule
from pipeline.schedule.origin import Origin
from pipeline.schedule.schedule import Schedule
from render.errors import InputError


def load_origin(origin: Origin, shown: Path | None = None) -> Schedule:
    """Read the schedule of an origin as it is now.

    Args:
        shown: stands for the schedule's file in messages.

    Raises:
        InputError: the schedule is wrong.
    """
    path = shown or Path(origin.file)
    schedule = load_schedule(path, overrides=origin.overrides, allow_paths=origin.allow_paths)
    if origin.variant:
        schedule = replace(schedule, title=f"{schedule.title} {origin.variant}")
    schedule = replace(schedule, origin=replace(origin, draft=False))
    return schedule.draft() if origin.draft else schedule


def variants(origin: Origin, file: Path) -> dict[str, Schedule]:
    """Every combination of a schedule's `variants:` by name; the schedule itself by "" where nothing varies.

    Args:
        file: stands for the schedule's file in messages.

    Raises:
        InputError: the schedule is wrong, or an override is of what varies.
    """
    schedule = load_origin(origin, shown=file)
    if not schedule.variants:
        return {"": schedule}
    asked = {path for path, _ in origin.overrides}
    found = {}
    for variant in schedule.variants:
        for path, _ in variant.overrides:
            if path in asked:
                raise InputError(f"--set {path}: varies in {file}; change it there, under variants:")
        of_it = replace(origin, overrides=(*origin.overrides, *variant.overrides), variant=variant.name)
        found[variant.name] = load_origin(of_it, shown=file)
    return found
