"""The command `render`. Only what a command needs is imported, and torch only to render."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from pipeline.interrupt import INTERRUPTED
from pipeline.loader import load_schedule
from pipeline.schedule import Schedule
from pipeline.timeline import Timeline
from render import weights
from render.errors import InputError, RenderError, RunError


class _Commands(click.Group):
    """A file or an option of `video` in the place of a command means `video`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else "--help"
        known = first in self.commands or first in ("--help", "-h", "--version")
        if not known and (first.startswith("-") or Path(first).suffix or Path(first).exists()):
            args = ["video", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["--help", "-h"]}, no_args_is_help=True)
@click.version_option(package_name="vqgan-clip-render")
def main() -> None:
    """Turn a YAML keyframe schedule into a video, guided by CLIP, drawn by a VQGAN.

    \b
    render schedules/sunset.yaml            render it to outputs/sunset/video.mp4
    render schedules/sunset.yaml --draft    a quick look: half the size, a third of the steps
    render check schedules/*.yaml           is everything written right?
    render plot schedules/sunset.yaml       see every curve over time

    A schedule as the first argument is rendered; `render video --help` lists the options.
    """


def _range(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int | None, int | None] | None:
    if value is None:
        return None
    begin, colon, end = value.partition(":")
    if not colon or not all(part == "" or part.isdecimal() for part in (begin, end)):
        raise click.BadParameter(f"expected A:B, A: or :B with frame numbers, got '{value}'")
    return (int(begin) if begin else None, int(end) if end else None)


@main.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="DIR",
    default="outputs",
    type=click.Path(path_type=Path),
    help="Where the run's folder is made [outputs].",
)
@click.option("--device", metavar="NAME", default="auto", help="auto, cpu, cuda or cuda:N [auto].")
@click.option("--frames", metavar="A:B", callback=_range, help="Only frames A to B-1, anew if they are there.")
@click.option("--fresh", is_flag=True, help="Start anew whatever is there already.")
@click.option("--draft", is_flag=True, help="Half the size and a third of the steps, in a folder of its own.")
@click.option(
    "--ffmpeg", "ffmpeg_program", metavar="PATH", help="The ffmpeg to use [$RENDER_FFMPEG, PATH, a bundled one]."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON line per event instead of the bar.")
def video(
    files: Sequence[Path],
    out: Path,
    device: str,
    frames: tuple[int | None, int | None] | None,
    fresh: bool,
    draft: bool,
    ffmpeg_program: str | None,
    as_json: bool,
) -> None:
    """Render schedules to videos; `render FILE` is short for `render video FILE`.

    \b
    render schedules/sunset.yaml
    render schedules/sunset.yaml --draft
    render schedules/sunset.yaml --frames :24      only the first two seconds
    render a.yaml b.yaml --out /data --device cuda:1

    Each schedule gets the folder DIR/<its name>/ with frames/, video.mp4, contact.png, poster.png
    and report.json. Running again goes on where it stopped; after an edit it starts at the first
    frame that the edit changes. Ctrl-C finishes the frame, twice stops at once.
    """
    from pipeline.progress import choose_reporter
    from pipeline.run import RunOptions
    from pipeline.session import render_all

    schedules = [load_schedule(file) for file in files]
    if draft:
        schedules = [schedule.draft() for schedule in schedules]
    folders = _folders(files, out, draft)
    options = RunOptions(frames=frames, fresh=fresh, ffmpeg=ffmpeg_program)
    reporter = choose_reporter(as_json)
    try:
        sys.exit(render_all(list(zip(schedules, folders, strict=True)), device, options, reporter))
    finally:
        reporter.close()


def _folders(files: Sequence[Path], out: Path, draft: bool) -> list[Path]:
    """A folder per schedule. A draft has its own, so that it never replaces finished frames."""
    folders = [out / (file.stem + ("-draft" if draft else "")) for file in files]
    for file, folder in zip(files, folders, strict=True):
        if folders.count(folder) > 1:
            raise InputError(f"{file}: another schedule of this name would be rendered to {folder}; rename one")
    return folders


@main.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
def check(files: Sequence[Path]) -> None:
    """Check schedules without rendering: every problem with its place, in under a second.

    \b
    render check schedules/*.yaml
    """
    wrong = 0
    for file in files:
        try:
            schedule = load_schedule(file)
            Timeline(schedule)
        except InputError as error:
            wrong += 1
            click.echo(str(error), err=True)
        else:
            click.echo(f"{file}: {_summary(schedule)}")
    sys.exit(InputError.exit_code if wrong else 0)


def _summary(schedule: Schedule) -> str:
    output = schedule.output
    size = "×".join(map(str, output.size))
    return f"good: {output.num_frames} frames, {output.num_frames / output.fps:g} s at {output.fps:g} fps, {size}"


@main.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
def plan(file: Path) -> None:
    """Print what every frame is made of: one JSON frame spec per line.

    \b
    render plan schedules/sunset.yaml | head -1
    render plan schedules/sunset.yaml | jq .transforms
    """
    timeline = Timeline(load_schedule(file))
    try:
        for spec in timeline:
            click.echo(spec.to_json())
    except BrokenPipeError:  # `render plan FILE | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@main.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", metavar="FILE.png", type=click.Path(path_type=Path), help="Where to draw it [NAME-plot.png]."
)
def plot(file: Path, output: Path | None) -> None:
    """Draw every curve over time, with the prompts as bands.

    \b
    render plot schedules/sunset.yaml -o sunset.png
    """
    from pipeline.plot import plot_schedule

    schedule = load_schedule(file)
    target = output or Path(f"{file.stem}-plot.png")
    target = target if target.suffix else target.with_suffix(".png")
    try:
        plot_schedule(schedule, target)
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise InputError(f"{target}: cannot be drawn: {why}") from error
    click.echo(str(target))


@main.command()
def models() -> None:
    """List the models that a schedule can name, and where their files lie.

    \b
    render models
    """
    for heading, known in (("latent", weights.LATENTS), ("perceptors", weights.PERCEPTORS)):
        click.echo(f"models.{heading}:")
        for model in known.values():
            click.echo(f"  {model.name:<12}{model.about}")
            for path in model.paths:
                size = f"{path.stat().st_size / 1e6:.1f} MB" if path.is_file() else "missing"
                click.echo(f"  {'':<12}{path} ({size})")


def entry() -> None:
    """Run the command and turn our errors into one message and their exit code."""
    try:
        outcome: Any = main(standalone_mode=False)
    except RenderError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; run the same command again to go on", err=True)
        sys.exit(INTERRUPTED)
    except OSError as error:
        click.echo(f"{RunError(error)}; what is finished is kept", err=True)
        sys.exit(RunError.exit_code)
    sys.exit(outcome if isinstance(outcome, int) else 0)
