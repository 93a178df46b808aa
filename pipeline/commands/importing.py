"""`render import`: a schedule out of another tool's settings."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.terminal import show
from render.errors import InputError, ScheduleError

if TYPE_CHECKING:
    from pipeline.foreign.source import Source

MAX_LINES = 200


@click.command("import")
@click.argument("settings", metavar="SETTINGS", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", metavar="FILE.yaml", type=click.Path(path_type=Path), help="Where to write it [NAME.yaml, here]."
)
@click.option("--from", "name", metavar="FORMAT", help="The format, where it is not recognised; docs/importing.md.")
def import_(settings: Path, output: Path | None, name: str | None) -> None:
    """Make a schedule of the settings of another tool; what cannot be carried is listed.

    Deforum and Disco Diffusion (settings.txt), Parseq (rendered manifest), VQGAN-CLIP-animations (notebook),
    pytti (YAML), nerdyrodent/VQGAN-CLIP (a file with the command line).

    \b
    render import 20230801_settings.txt -o swamp.yaml
    render import zoom.sh --from nerdyrodent
    """
    from pipeline.atomic import write_text
    from pipeline.foreign.source import read_source

    target = output or Path(f"{settings.stem}.yaml")
    source = read_source(settings)
    if target.exists() and (output is None or target.samefile(settings)):
        raise InputError(f"{target}: exists already; -o FILE.yaml writes another file")
    text, told = imported(source, name)
    try:
        write_text(target, text)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror}") from error
    for line in told:
        show(f"- {line}", err=True)
    show(str(target))


def imported(source: "Source", name: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The schedule's text and what is to be told about it, a line each.

    Args:
        name: the format; None to recognise it.

    Raises:
        InputError: the format is unknown, or the settings cannot be used.
    """
    from pipeline import importers
    from pipeline.foreign.settings import printable
    from pipeline.foreign.writing import write
    from pipeline.loader import read_schedule
    from render import catalogue

    entry = catalogue.load(importers, name or _recognised(source))
    found: importers.Imported = entry.convert(source)
    told = tuple(printable(line) for line in found.told[:MAX_LINES])
    if len(found.told) > MAX_LINES:
        told = (*told, f"... and {len(found.told) - MAX_LINES} more of the kind")
    text = write(dataclasses.replace(found, told=told), Path(source.name).name)
    try:
        read_schedule(text, "the schedule", "imported")
    except ScheduleError as error:
        raise source.error(f"{found.tool}: is beyond what a schedule can hold: {error.problems[0]}") from error
    return text, told


def _recognised(source: "Source") -> str:
    from pipeline import importers
    from render import catalogue

    names = catalogue.names(importers)
    for name in names:
        if catalogue.load(importers, name).recognises(source):
            return name
    raise source.error(f"in no format that can be imported ({', '.join(names)}); --from FORMAT takes one of them")
