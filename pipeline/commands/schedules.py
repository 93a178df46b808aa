"""`render check`, `plan` and `plot`: inspect a schedule without rendering."""

import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.commands import options
from pipeline.terminal import show, show_json
from render.errors import InputError, Problem, ScheduleError

if TYPE_CHECKING:  # `render --help` must not wait for numpy
    from pipeline.schedule.over_time.footage_report import Shown
    from pipeline.schedule.schedule import Schedule

Overrides = tuple[tuple[str, str], ...]
PAGE = ".html"


@click.command()
@options.schedule_files
@options.overrides
@options.allow_paths
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file instead, for editors.")
def check(files: Sequence[Path], overrides: Overrides, allow_paths: bool, as_json: bool) -> None:
    """Check schedules without rendering: every problem with its place, in under a second.

    Settings without effect give a warning, not an error.

    \b
    render check schedules/*.yaml
    render check schedules/sunset.yaml --json | jq .problems
    """
    from pipeline.schedule.loader import load_schedule
    from pipeline.schedule.timeline import Timeline

    wrong = 0
    for file in files:
        try:
            schedule = load_schedule(file, overrides=overrides, allow_paths=allow_paths)
            Timeline(schedule)
        except InputError as error:
            wrong += 1
            show(_as_json(file, None, error) if as_json else str(error), err=not as_json)
        else:
            _report(file, schedule, as_json)
    sys.exit(InputError.exit_code if wrong else 0)


def _report(file: Path, schedule: "Schedule", as_json: bool) -> None:
    if as_json:
        show_json(_as_json(file, schedule, None))
        return
    show(f"{file}: {_summary(schedule)}")
    for shown in _footage(schedule):
        show(f"  {shown}")
    for warning in schedule.warnings:
        show(f"warning: {warning}", err=True)


def _footage(schedule: "Schedule") -> Sequence["Shown"]:
    """The clips and stills of a schedule."""
    import numpy as np

    from pipeline.schedule.over_time.footage_report import footage

    output = schedule.output
    return footage(schedule.shots, np.arange(output.num_frames) / output.fps, output.size)


def _summary(schedule: "Schedule") -> str:
    output = schedule.output
    size = "×".join(map(str, output.size))
    plural = "s" * (output.num_frames != 1)
    text = f"OK: {output.num_frames} frame{plural}, {output.num_frames / output.fps:g} s at {output.fps:g} fps, {size}"
    if len(schedule.shots) > 1:
        text += f", {len(schedule.shots)} shots"
    count = len(schedule.variants)
    return f"{text}, {count} variant{'s' * (count > 1)}" if count else text


def _as_json(file: Path, schedule: "Schedule | None", error: InputError | None) -> str:
    """Format the result for a file as one line of JSON, in ASCII, so that every terminal and pipe can handle it."""
    output = schedule.output if schedule else None
    found: dict[str, object] = {
        "file": str(file),
        "ok": error is None,
        "frames": output.num_frames if output else None,
        "seconds": output.num_frames / output.fps if output else None,
        "fps": output.fps if output else None,
        "size": output.size if output else None,
        "problems": [dataclasses.asdict(problem) for problem in _problems(file, error)],
        "warnings": [dataclasses.asdict(warning) for warning in schedule.warnings] if schedule else [],
    }
    if schedule and (footage := _footage(schedule)):
        found["footage"] = [dataclasses.asdict(shown) for shown in footage]
    return json.dumps(found)


def _problems(file: Path, error: InputError | None) -> Sequence[Problem]:
    """The problems of an error; one without a place in the file is reported at the start of the file."""
    if error is None:
        return ()
    if isinstance(error, ScheduleError):
        return error.problems
    return (Problem(file=str(file), line=1, column=1, path="", message=str(error).removeprefix(f"{file}: ")),)


@click.command()
@options.schedule_file
@options.overrides
@options.allow_paths
def plan(file: Path, overrides: Overrides, allow_paths: bool) -> None:
    """Print the numbers of every frame: one JSON frame spec per line.

    Of several variants, the first one is printed; --set chooses another.

    \b
    render plan schedules/sunset.yaml | head -1
    render plan schedules/sunset.yaml | jq .transforms
    """
    from pipeline.schedule.loader import load_schedule
    from pipeline.schedule.timeline import Timeline

    timeline = Timeline(load_schedule(file, overrides=overrides, allow_paths=allow_paths))
    try:
        for spec in timeline:
            show_json(spec.to_json())
    except BrokenPipeError:  # `render plan FILE | head` closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.command()
@options.schedule_file
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Where to draw it [NAME-plot.png]."
)
@click.option("--html", "as_html", is_flag=True, help="An interactive page in one file [NAME-plot.html].")
@options.overrides
@options.allow_paths
def plot(file: Path, output: Path | None, as_html: bool, overrides: Overrides, allow_paths: bool) -> None:
    """Draw every curve over time, with the prompts as bands.

    The suffix chooses the format: .png, .svg, .pdf or .html.

    \b
    render plot schedules/sunset.yaml -o sunset.png
    render plot schedules/sunset.yaml --html
    """
    from pipeline.schedule.loader import load_schedule
    from pipeline.storage.naming import stem_of

    schedule = load_schedule(file, overrides=overrides, allow_paths=allow_paths)
    target = output or Path(f"{stem_of(file)}-plot")
    target = target if output and target.suffix else Path(f"{target}{PAGE if as_html else '.png'}")
    if as_html and target.suffix.lower() != PAGE:
        raise InputError(f"{target}: --html writes a page; name it *{PAGE}, or leave out -o or --html")
    try:
        _draw(schedule, target)
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise InputError(f"{target}: cannot be drawn: {why}") from error
    show(str(target))


def _draw(schedule: "Schedule", target: Path) -> None:
    if target.suffix.lower() == PAGE:
        from pipeline.storage.atomic import write_text
        from pipeline.views.plot.page import plot_page

        write_text(target, plot_page(schedule))
        return
    from pipeline.storage.atomic import replacing
    from pipeline.views.plot.plot import plot_schedule

    with replacing(target) as partial:
        plot_schedule(schedule, partial)
