"""Loads the schedule that a run was started with, or one for each of its variants."""

from dataclasses import replace
from pathlib import Path

from pipeline.schedule.loader import load_schedule, read_schedule
from pipeline.schedule.origin import Origin
from pipeline.schedule.schedule import Schedule
from render.errors import InputError


def load_origin(origin: Origin, shown: Path | None = None, text: str | None = None) -> Schedule:
    """Load the schedule of an origin from its file as it is now.

    Args:
        shown: path to show for the schedule's file in messages.
        text: read this as the content of the file, which may not be there yet.

    Raises:
        InputError: the schedule is not valid.
    """
    path = shown or Path(origin.file)
    if text is None:
        schedule = load_schedule(path, overrides=origin.overrides, allow_paths=origin.allow_paths)
    else:
        schedule = read_schedule(text, str(path), path.stem, origin.overrides, origin.allow_paths)
    if origin.variant:
        schedule = replace(schedule, title=f"{schedule.title} {origin.variant}")
    schedule = replace(schedule, origin=replace(origin, draft=False))
    return schedule.draft() if origin.draft else schedule


def variants(origin: Origin, file: Path, text: str | None = None) -> dict[str, Schedule]:
    """Every combination of a schedule's `variants:`, by name; without variants, the schedule itself under the name "".

    Args:
        file: path to show for the schedule's file in messages.
        text: see `load_origin`.

    Raises:
        InputError: the schedule is not valid, or an override sets a value that varies.
    """
    schedule = load_origin(origin, file, text)
    if not schedule.variants:
        return {"": schedule}
    set_paths = {path for path, _ in origin.overrides}
    found = {}
    for variant in schedule.variants:
        for path, _ in variant.overrides:
            if path in set_paths:
                raise InputError(f"--set {path}: the value varies in {file}; change it there, in variants:")
        of_it = replace(origin, overrides=(*origin.overrides, *variant.overrides), variant=variant.name)
        found[variant.name] = load_origin(of_it, file, text)
    return found
