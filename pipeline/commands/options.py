"""Arguments and options that several commands share."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:  # `render --help` must not wait for numpy
    from pipeline.run.folder.folder import RunFolder


def _run_folder(ctx: click.Context, parameter: click.Parameter, path: Path) -> "RunFolder":
    from pipeline.run.folder.folder import RunFolder

    return RunFolder(path)


schedule_files = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
schedule_file = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
run_folder = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path), callback=_run_folder)
allow_paths = click.option(
    "--allow-paths", is_flag=True, help="Allow files outside the schedule's folder; only for schedules you trust."
)


def _offline(ctx: click.Context, parameter: click.Parameter, requested: bool) -> bool:
    if requested:  # huggingface_hub and transformers read it when open_clip imports them
        os.environ["HF_HUB_OFFLINE"] = "1"
    return requested


offline = click.option(
    "--offline",
    is_flag=True,
    callback=_offline,
    help="Use no network, only downloaded models [$HF_HUB_OFFLINE].",
)
ffmpeg_program = click.option(
    "--ffmpeg", "ffmpeg_program", metavar="PATH", help="The ffmpeg to use [$RENDER_FFMPEG, PATH, a bundled one]."
)
work = click.option(
    "--work",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Local folder for bucket downloads and uploads [in the user's cache].",
)
device = click.option("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:N or mps [auto].")


def _pair(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = tuple((path, value) for path, equals, value in (text.partition("=") for text in values) if equals)
    if len(pairs) < len(values):
        raise click.BadParameter("expected PATH=VALUE such as refine.steps=20")
    return pairs


def _at_once(ctx: click.Context, parameter: click.Parameter, value: str) -> int | None:
    """Parse how many schedules are refined at once; None means that the best number is measured."""
    if value == "auto":
        return None
    if not value.isdecimal() or not int(value):
        raise click.BadParameter(f"expected auto or a number of schedules such as 4, got '{value}'")
    return int(value)


lockstep = click.option(
    "--lockstep",
    metavar="N",
    is_flag=False,
    flag_value="auto",
    default="1",
    callback=_at_once,
    help="Refine N schedules or shots of the same size and models as one batch; `auto` measures the fastest N [1].",
)
overrides = click.option(
    "--set",
    "overrides",
    metavar="PATH=VALUE",
    multiple=True,
    callback=_pair,
    help="Change a value, such as refine.steps=20.",
)
