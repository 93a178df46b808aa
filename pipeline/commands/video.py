"""`render video`, for short `render FILE`: render schedules."""

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
    help="Where the run's folder is written; s3://, gs:// or az:// is a bucket [outputs].",
)
@options.work
@options.device
@click.option("--frames", metavar="A:B", callback=_range, help="Render frames A to B-1 only, even if they exist.")
@click.option("--fresh", is_flag=True, help="Ignore existing frames and start over.")
@click.option("--draft", is_flag=True, help="Half the size and a third of the steps, in a separate folder.")
@options.overrides
@options.allow_paths
@options.offline
@options.ffmpeg_program
@options.lockstep
@click.option(
    "--wait", is_flag=True, help="If another run is writing into the folder, wait until it ends, then continue."
)
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
    render schedules/sunset.yaml --set refine.steps=20    a trial, in a separate folder
    render a.yaml b.yaml --out /data --device cuda:1
    render s3://bucket/a.yaml --out s3://bucket/videos
    render a.yaml b.yaml --lockstep auto           both at once, if that is faster

    Each schedule gets the folder DIR/<its name>/ with frames/, video.mp4, contact.png, poster.png
    and report.json. Running again continues where it stopped; after an edit it starts at the first frame
    that the edit changes, and a finished video that it replaces is kept in the history (render history DIR).
    With a bucket, frames are uploaded while the next ones are rendered, and the same command continues there
    on another machine. Ctrl-C finishes the frame, a second one stops at once. A schedule with variants: gets
    a subfolder for every combination.
    """
    if not files:
        raise click.UsageError("expected a schedule; `render new NAME` writes one to start from")
    from pipeline.run.progress import choose_reporter
    from pipeline.run.run import RunOptions
    from pipeline.run.session.requests import requests_of
    from pipeline.run.session.session import Session, render_all
    from pipeline.schedule.origin import Origin
    from pipeline.storage.output import output_folder

    output = output_folder(out, None, work)
    jobs = []
    schedules = list(_local(files, output.inputs))
    for file, folder in zip(schedules, _folders(schedules, output.folder, draft, overrides), strict=True):
        origin = Origin(file=str(file.absolute()), overrides=overrides, draft=draft, allow_paths=allow_paths)
        jobs += [replace(job, remote=output.remote_of(job.folder)) for job in requests_of(file, origin, folder)]
    run_options = RunOptions(frames=frames, fresh=fresh, ffmpeg=ffmpeg_program)
    reporter = choose_reporter(as_json)
    try:
        session = Session(device, offline, reporter.downloaded, wait)
        sys.exit(render_all(jobs, session, run_options, reporter, lockstep))
    finally:
        reporter.close()


def _local(files: Sequence[str], inputs: Path) -> Iterator[Path]:
    """Yield the schedules as local files; schedules in a bucket are downloaded."""
    from pipeline.storage.inputs import fetch
    from pipeline.storage.store import is_url

    for file in files:
        if is_url(file):
            yield from fetch(file, inputs)
        else:
            yield Path(file)


def _folders(files: Sequence[Path], out: Path, draft: bool, overrides: Sequence[tuple[str, str]]) -> list[Path]:
    """The run folder of each schedule, named by `pipeline.storage.naming.run_name`."""
    from pipeline.storage.naming import run_name

    folders = [out / run_name(file, draft, overrides) for file in files]
    for file, folder in zip(files, folders, strict=True):
        if folders.count(folder) > 1:
            raise InputError(f"{file}: another schedule of this name would be rendered to {folder}; rename one")
    return folders
