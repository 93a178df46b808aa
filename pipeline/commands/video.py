"""`render video`, for short `render FILE`: the main job."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from pipeline.commands import options
from render.errors import InputError


def _range(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int | None, int | None] | None:
    if value is None:
        return None
    begin, colon, end = value.partition(":")
    if not colon or not all(part == "" or part.isdecimal() for part in (begin, end)):
        raise click.BadParameter(f"expected A:B, A: or :B with frame numbers, got '{value}'")
    return (int(begin) if begin else None, int(end) if end else None)


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1)
@click.option(
    "--out",
    metavar="DIR|URL",
    default="outputs",
    help="Where the run's folder is made; s3://, gs:// or az:// is a bucket [outputs].",
)
@options.work
@options.device
@click.option(
    "--frames", metavar="A:B", callback=_range, help="Only frames A to B-1, even if they are already rendered."
)
@click.option("--fresh", is_flag=True, help="Ignore existing frames and start over.")
@click.option("--draft", is_flag=True, help="Half the size and a third of the steps, in a folder of its own.")
@options.overrides
@options.allow_paths
@options.offline
@options.ffmpeg_program
@options.lockstep
@click.option("--wait", is_flag=True, help="Where another run writes into the folder, wait for its end, then go on.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line per event instead of the bar.")
def video(
    files: Sequence[str],
    out: str,
    work: Path | None,
    device: str,
    frames: tuple[int | None, int | None] | None,
    fresh: bool,
    draft: bool,
    overrides: tuple[tuple[str, str], ...],
    allow_paths: bool,
    offline: bool,
    ffmpeg_program: str | None,
    lockstep: int | None,
    wait: bool,
    as_json: bool,
) -> None:
    """Render schedules to videos; `render FILE` is short for `render video FILE`.

    \b
    render schedules/sunset.yaml
    render schedules/sunset.yaml --draft
    render schedules/sunset.yaml --frames :24      only the first two seconds
    render schedules/sunset.yaml --set refine.steps=20    a trial, in a folder of its own
    render a.yaml b.yaml --out /data --device cuda:1
    render s3://bucket/a.yaml --out s3://bucket/videos
    render a.yaml b.yaml --lockstep auto           both at once, where that is faster

    Each schedule gets the folder DIR/<its name>/ with frames/, video.mp4, contact.png, poster.png
    and report.json. Running again goes on where it stopped; after an edit it starts at the first
    frame that the edit changes; a finished video that it replaces stays in the history (render history DIR).
    In a bucket frames are uploaded while the next are rendered, and the same
    command goes on there on another machine. Ctrl-C finishes the frame, twice stops at once. A schedule with
    variants: gives one folder below for every combination.
    """
    if not files:
        raise click.UsageError("expected a schedule; `render new NAME` writes one to start from")
    from pipeline.run.progress import choose_reporter
    from pipeline.run.run import RunOptions
    from pipeline.run.session.requests import requests_of
    from pipeline.run.session.session import Session, render_all
    from pipeline.schedule.origin import Origin
    from pipeline.storage.place import place_of

    place = place_of(out, None, work)
    jobs = []
    schedules = list(_local(files, place.inputs))
    for file, folder in zip(schedules, _folders(schedules, place.folder, draft, overrides), strict=True):
        origin = Origin(file=str(file.absolute()), overrides=overrides, draft=draft, allow_paths=allow_paths)
        jobs += [replace(job, remote=place.remote_of(job.folder)) for job in requests_of(file, origin, folder)]
    run_options = RunOptions(frames=frames, fresh=fresh, ffmpeg=ffmpeg_program)
    reporter = choose_reporter(as_json)
    try:
        session = Session(device, offline, reporter.downloaded, wait)
        sys.exit(render_all(jobs, session, run_options, reporter, lockstep))
    finally:
        reporter.close()


def _local(files: Sequence[str], inputs: Path) -> Iterator[Path]:
    """Schedules that lie in a bucket are fetched."""
    from pipeline.storage.inputs import fetch
    from pipeline.storage.store import is_url

    for file in files:
        if is_url(file):
            yield from fetch(file, inputs)
        else:
            yield Path(file)


def _folders(files: Sequence[Path], out: Path, draft: bool, overrides: Sequence[tuple[str, str]]) -> list[Path]:
    """A folder per schedule, see `pipeline.storage.naming.run_name`."""
    from pipeline.storage.naming import run_name

    folders = [out / run_name(file, draft, overrides) for file in files]
    for file, folder in zip(files, folders, strict=True):
        if folders.count(folder) > 1:
            raise InputError(f"{file}: another schedule of this name would be rendered to {folder}; rename one")
    return folders
