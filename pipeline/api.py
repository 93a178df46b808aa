"""What the command does, for Python programs: load a schedule and render it."""

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path

from pipeline.run.events import Finished
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
    """Read and check a schedule. Of a file with `variants:` it is the first one, see `load_variants`.

    Args:
        overrides: values that replace those of the file, as `--set` takes them: {"refine.steps": "20"}.
        draft: half the size and a third of the steps.
        allow_paths: let the schedule name files outside its folder; only for schedules you trust.

    Raises:
        InputError: the file cannot be read.
        ScheduleError: the schedule is wrong; `problems` lists every problem with its place.
    """
    return load_origin(_origin(file, overrides, draft, allow_paths), shown=Path(file))


def load_variants(
    file: str | PathLike[str],
    *,
    overrides: Mapping[str, str] = _NOTHING,
    draft: bool = False,
    allow_paths: bool = False,
) -> dict[str, Schedule]:
    """Read and check every combination of a schedule's `variants:`, by name; without variants the one name is "".

    Args: see `load_schedule`.

    Raises:
        InputError: the file cannot be read, or an override sets a value that varies.
        ScheduleError: a variant is wrong; `problems` lists every problem with its place.
    """
    return variants(_origin(file, overrides, draft, allow_paths), Path(file))


def render(
    schedule: Schedule,
    folder: str | PathLike[str],
    *,
    device: str = "auto",
    offline: bool = False,
    options: RunOptions | None = None,
    stop: Callable[[], bool] = lambda: False,
    remote: str | None = None,
) -> Finished:
    """Render a schedule to a folder and return when its video is there.

    What is in the folder already and still right is kept. Ctrl-C raises KeyboardInterrupt; rendering again
    continues after the last finished frame. Warnings are logged. `Session` does the same, keeps models loaded
    from one schedule to the next and can report progress.

    Args:
        folder: where frames, states and the video are written, such as `outputs/sunset`; one run at a time.
        device: auto, cpu, cuda, cuda:N, or mps for Apple's GPUs.
        offline: do not download models.
        options: run matters such as a range of frames.
        stop: asked before every frame; True ends the run there.
        remote: a bucket's URL that the folder is a mirror of, such as s3://bucket/sunset: the run continues
            what is there and uploads what it makes while it renders.

    Raises:
        InputError: an option does not fit the schedule, there is no such device, or `remote` is no bucket.
        RunError: rendering or encoding failed, or another run writes into the folder; finished frames are kept.
        RunStoppedError: `stop` ended the run.
    """
    return Session(device, offline).render(schedule, folder, options, stop, remote)


def _origin(file: str | PathLike[str], overrides: Mapping[str, str], draft: bool, allow_paths: bool) -> Origin:
    return Origin(
        file=str(Path(file).absolute()), overrides=tuple(overrides.items()), draft=draft, allow_paths=allow_paths
    )
