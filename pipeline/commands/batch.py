"""`render batch`: render many schedules; one that fails does not stop the others."""

import re
import sys
from pathlib import Path

import click

from pipeline.commands import options
from render.errors import InputError

_TIME = re.compile(r"(?:(\d+)h)?\s*(?:(\d+)m)?\s*(?:(\d+)s)?")


def _seconds(ctx: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    match = _TIME.fullmatch(value.strip())
    if match is None or not any(match.groups()):
        raise click.BadParameter(f"expected a time such as 8h, 90m or 7h30m, got '{value}'")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(hours * 3600 + minutes * 60 + seconds)


@click.command()
@click.argument("schedules", metavar="[SCHEDULE]...", nargs=-1)
@click.option(
    "--list",
    "lists",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file with one schedule, folder or glob per line.",
)
@click.option(
    "--out",
    metavar="DIR|URL",
    default="outputs",
    help="Where the runs' folders and batch.json are written; s3://, gs:// or az:// is a bucket [outputs].",
)
@click.option("--sync", metavar="URL", help="A bucket that mirrors the folder of --out.")
@options.work
@options.device
@click.option("--jobs", metavar="N", type=click.IntRange(1), help="Worker processes [one per GPU; 1 on a CPU].")
@click.option(
    "--order", type=click.Choice(["given", "shortest"]), default="given", help="Which job comes first [given]."
)
@click.option(
    "--time-limit",
    metavar="TIME",
    callback=_seconds,
    help="Start no more frames after this time, such as 7h30m; run again to continue.",
)
@options.lockstep
@click.option("--keep-going/--fail-fast", default=True, help="Continue with the other jobs if one fails [continue].")
@click.option(
    "--tries",
    metavar="N",
    type=click.IntRange(1),
    default=3,
    help="A job fails after it has crashed N workers in a row without a new frame [3].",
)
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", help="What runs the jobs [local].")
@click.option(
    "--address", metavar="URL", help="Address of a Ray cluster, such as ray://host:10001 [start Ray on this machine]."
)
@click.option("--gpus-per-job", metavar="N", type=click.FloatRange(0), help="With Ray; 0.5 puts two jobs on a GPU [1].")
@click.option("--draft", is_flag=True, help="Half the size and a third of the steps, in separate folders.")
@options.overrides
@options.allow_paths
@options.offline
@options.ffmpeg_program
@click.option("--json", "as_json", is_flag=True, help="One JSON line per event instead of the table.")
def batch(
    schedules: tuple[str, ...],
    lists: tuple[Path, ...],
    out: str,
    sync: str | None,
    work: Path | None,
    device: str,
    jobs: int | None,
    order: str,
    time_limit: float | None,
    lockstep: int | None,
    keep_going: bool,
    tries: int,
    engine: str,
    address: str | None,
    gpus_per_job: float | None,
    draft: bool,
    overrides: tuple[tuple[str, str], ...],
    allow_paths: bool,
    offline: bool,
    ffmpeg_program: str | None,
    as_json: bool,
) -> None:
    """Render many schedules: files, folders, globs, variants.

    \b
    render batch schedules/*.yaml
    render batch tonight/ --list more.txt --time-limit 8h
    render batch 'projects/**/*.yaml' --order shortest --out /data
    render batch s3://bucket/tonight/ --out s3://bucket/videos
    render batch many/ --lockstep auto             several jobs as one batch on a GPU, if that is faster

    A folder means its *.yaml, not those of its subfolders. All schedules are checked before the first is
    rendered; broken ones are reported and the rest are rendered. A worker process per GPU keeps its models
    from job to job; one that dies is replaced and its job resumed. Each run's folder has a batch.log, and
    DIR/batch.json lists the result of every job. The exit code is 1 if any job failed. Running the same
    command again renders what is missing.
    """
    from pipeline.batch.batch import Batch
    from pipeline.batch.display import choose_display
    from pipeline.batch.jobs.collect import collect, expand
    from pipeline.batch.workers.devices import open_pool
    from pipeline.batch.workers.on_ray import ClusterOptions
    from pipeline.batch.workers.options import BatchOptions
    from pipeline.run.run import RunOptions
    from pipeline.schedule.origin import Origin
    from pipeline.storage.output import output_folder

    output = output_folder(out, sync, work)
    like = Origin(file="", overrides=overrides, draft=draft, allow_paths=allow_paths)
    states = collect(expand(schedules, lists, output.inputs), output.folder, like, output.remote)
    if engine != "ray" and (address is not None or gpus_per_job is not None):
        raise InputError("--address and --gpus-per-job need --engine ray")
    if not keep_going and (broken := [state.message for state in states if state.failed]):
        raise InputError("\n".join(broken))
    if order == "shortest":
        states.sort(key=lambda state: state.job.cost if state.job else 0)
    cluster = ClusterOptions(address=address, jobs=jobs, gpus=gpus_per_job) if engine == "ray" else None
    batch_options = BatchOptions(
        offline=offline,
        run=RunOptions(ffmpeg=ffmpeg_program),
        at_once=lockstep,
        tries=tries,
        fail_fast=not keep_going,
        time_limit=time_limit,
    )
    pool, states = open_pool(cluster, device, jobs, states, batch_options)
    try:
        code = Batch(states, pool, batch_options, choose_display(as_json, states), output.folder).run()
    finally:
        output.publish()
    sys.exit(code)
