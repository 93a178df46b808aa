"""What the command does, for Python programs: load a schedule, render it, hear of it event by event."""

from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path

from pipeline.run.events import Event
from pipeline.run.run import RunOptions
from pipeline.run.session.session import Session
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin, variants
from pipeline.schedule.schedule import Schedule

_NOTHING: Mapping[str, str] = {}


def load_schedule(
    file: str | PathLike[str],
    *,
    overrides: Mapping[str, str] = _NOTHING,
    draft: bool = False,
    allow_paths: bool = False,
) -> Schedule:
    """Read and check a schedule; of one with `variants:` it is the first, see `load_variants`.

    Args:
        overrides: values in the place of its own, as `--set` takes them: {"refine.steps": "20"}.
        draft: half the size and a third of the steps.
        allow_paths: let it name files outside its folder; only for schedules you trust.

    Raises:
        InputError: the file cannot be read.
        ScheduleError: what it says is wrong; `problems` has every problem with its place.
    """
    return load_origin(_origin(file, overrides, draft, allow_paths), shown=Path(file))


def load_variants(
    file: str | PathLike[str],
    *,
    overrides: Mapping[str, str] = _NOTHING,
    draft: bool = False,
    allow_paths: bool = False,
) -> dict[str, Schedule]:
    """Every combination of a schedule's `variants:` by name; the schedule itself by "" where nothing varies.

    Args and raises: see `load_schedule`; InputError also where an override is of what varies.
    """
    return variants(_origin(file, overrides, draft, allow_paths), Path(file))


def render(
    schedule: Schedule,
    folder: str | PathLike[str],
    *,
    device: str = "auto",
    offline: bool = False,
    options: RunOptions | None = None,
    session: Session | None = None,
    remote: str | None = None,
) -> Iterator[Event]:
    """Render a schedule to a folder and yield what happens, as objects of `pipeline.run.events`.

    What is in the folder already and still right is kept. The last event is Finished, Interrupted or
    Failed. Stopping the iteration, by `break` or `close`, stops the run after the frame that was
    told last; rendering again goes on from there.

    Args:
        folder: where frames, states and the video lie, such as `outputs/sunset`; one run at a time.
        device: auto, cpu, cuda or cuda:N.
        offline: do not download models.
        options: run matters such as a range of frames.
        session: keeps models loaded from one call to the next; `device` and `offline` are then its own.
        remote: a bucket's URL, such as s3://bucket/sunset: what is there is gone on with, what is made is
            uploaded while rendering goes on, and `folder` is its local mirror.

    Raises:
        InputError: an option does not fit the schedule, or there is no such device.
    """
    return (session or Session(device, offline)).render(schedule, Path(folder), options, remote=remote)


def _origin(file: str | PathLike[str], overrides: Mapping[str, str], draft: bool, allow_paths: bool) -> Origin:
    return Origin(
        file=str(Path(file).absolute()), overrides=tuple(overrides.items()), draft=draft, allow_paths=allow_paths
    )
