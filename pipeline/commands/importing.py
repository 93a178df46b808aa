"""`render import`: convert another tool's settings to a schedule."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.terminal import show
from render.errors import InputError, ScheduleError, UnknownNameError

if TYPE_CHECKING:
    from pipeline.importers.notations.source import Source

MAX_LINES = 200
_NAMED = 8  # how many settings a message names
_STANDARD = Path("-")  # standard input and output


@click.command("import")
@click.argument("settings", metavar="SETTINGS...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    *("-o", "--output"),
    metavar="FILE.yaml",
    type=click.Path(path_type=Path),
    help="Where to write it; - is standard output [NAME.yaml, in this folder].",
)
@click.option("--from", "name", metavar="FORMAT", help="The format, if it is not recognised; see docs/importing.md.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
def import_(settings: tuple[Path, ...], output: Path | None, name: str | None, force: bool) -> None:
    """Convert the settings of another tool to a schedule, and list what cannot be converted.

    Deforum, Disco Diffusion and WarpFusion (settings.txt), Parseq (rendered manifest), VQGAN-CLIP-animations
    (notebook), pytti (YAML), nerdyrodent/VQGAN-CLIP (a file with the command line, also in a loop like its zoom.sh),
    vqgan-clip-generator (Python), pixray (YAML, Python). A clip that they paint over is used if it is beside the
    schedule. Each of several files gives its own schedule; - reads standard input.

    \b
    render import 20230801_settings.txt -o swamp.yaml
    render import zoom.sh --from nerdyrodent
    render import a.txt b.json
    """
    from pipeline.storage.naming import stem_of

    if output is not None and len(settings) > 1:
        raise InputError(
            f"-o {output}: {len(settings)} files give one schedule each; leave out -o, or import them one by one"
        )
    targets = [output or Path("import.yaml" if path == _STANDARD else f"{stem_of(path)}.yaml") for path in settings]
    for path, target in zip(settings, targets, strict=True):
        if targets.count(target) > 1:
            raise InputError(f"{path}: another file is also written to {target}; import them one by one with -o")
    failed = [error for error in map(_one, settings, targets, [name] * len(targets), [force] * len(targets)) if error]
    if failed:
        raise failed[0] if len(failed) == 1 else InputError("\n".join(map(str, failed)))


def _one(path: Path, target: Path, name: str | None, force: bool) -> InputError | None:
    """Import one file; an error is returned, not raised, so that the other files are imported."""
    from pipeline.importers.notations.source import read_source
    from pipeline.storage.atomic import write_text

    try:
        source = read_source(path)
        text, notes = imported(source, name, Path() if target == _STANDARD else target.parent)
        _check_target(path, target, force)
        if target != _STANDARD:
            write_text(target, text)
    except InputError as error:
        return error
    except OSError as error:
        return InputError(f"{target}: cannot be written: {error.strerror}")
    for line in notes:
        show(f"- {line}", err=True)
    if target == _STANDARD:
        show(text, nl=False)
    else:
        show(str(target))
    return None


def _check_target(path: Path, target: Path, force: bool) -> None:
    """Refuse to overwrite a file, unless `force`; never overwrite the settings themselves."""
    if target == _STANDARD or not target.exists():
        return
    if path != _STANDARD and target.samefile(path):
        raise InputError(f"{target}: already exists and is the settings file; write another one with -o FILE.yaml")
    if not force:
        raise InputError(
            f"{target}: already exists; write another file with -o FILE.yaml, or overwrite it with --force"
        )


def imported(source: "Source", name: str | None = None, folder: Path = Path()) -> tuple[str, tuple[str, ...]]:
    """Import settings; returns the text of the schedule and the notes on the import, one line each.

    Args:
        name: the name of the format; None to detect it.
        folder: where the schedule will be written; paths in it are relative to this folder.

    Raises:
        InputError: the format is unknown, or the settings cannot be used.
    """
    from pipeline.importers import formats as importers
    from pipeline.importers.imported import Imported
    from pipeline.importers.notes import Effect, Note, by_effect, effect
    from pipeline.importers.settings import single_line
    from pipeline.importers.writing import write
    from pipeline.schedule.loader import read_schedule
    from render import catalogue

    if name is not None and name not in catalogue.names(importers):
        raise UnknownNameError("format", name, catalogue.names(importers))
    entry = catalogue.load(importers, name or _recognised(source))
    source = dataclasses.replace(source, folder=folder)
    found: Imported = entry.convert(source).with_files(source.own_folder, folder)
    track = found.sound.beside(source.own_folder, folder) if found.sound else None
    if isinstance(track, Note):
        found, track = dataclasses.replace(found, notes=(*found.notes, track)), None
    elif found.sound and found.sound.note:
        found = dataclasses.replace(found, notes=(*found.notes, Note(found.sound.note, Effect.SOUND)))
    first = [Note(line, Effect.READING) for line in (*source.notes, *source.relevant_caveats())]
    lines = by_effect((*first, *found.notes))
    notes = tuple(Note(single_line(line), effect(line)) for line in lines[:MAX_LINES])
    if len(lines) > MAX_LINES:
        notes = (*notes, Note(f"... and {len(lines) - MAX_LINES} more", Effect.REST))
    text = write(dataclasses.replace(found, notes=notes), Path(source.name).name, track)
    try:
        read_schedule(text, str(folder / "the schedule"), "imported")
    except ScheduleError as error:
        raise source.error(f"{found.tool}: exceeds the limits of a schedule: {error.problems[0]}") from error
    return text, notes


def _recognised(source: "Source") -> str:
    from pipeline.importers import formats as importers
    from pipeline.importers.settings import single_line
    from render import catalogue

    names = catalogue.names(importers)
    for name in names:
        if catalogue.load(importers, name).recognises(source):
            return name
    settings = f"settings found: {', '.join(list(source.settings)[:_NAMED])}" if source.settings else ""
    found = "; ".join(filter(None, (*source.lacking, settings)))
    needs = "; ".join(
        f"{name} needs {getattr(catalogue.load(importers, name), 'NEEDS', 'its settings')}" for name in names
    )
    raise source.error(
        single_line(
            f"not in a format that can be imported{f' ({found})' if found else ''}: {needs}. --from FORMAT forces one"
        )
    )
