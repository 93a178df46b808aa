"""`render schema`: print the schedule language as JSON Schema, for editors."""

import json
from pathlib import Path

import click

from pipeline.terminal import show
from render.errors import InputError


@click.command()
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Where to write it [stdout].")
def schema(output: Path | None) -> None:
    """Print the JSON Schema of schedules, which lets editors complete and check while you type.

    In VS Code, with the YAML extension, the first line of a schedule names it:
    # yaml-language-server: $schema=schema.json

    \b
    render schema -o schema.json
    """
    from pipeline.schedule.schema import document
    from pipeline.storage.atomic import write_text

    text = json.dumps(document(), indent=2) + "\n"
    if output is None:
        show(text, nl=False)
        return
    try:
        write_text(output, text)
    except OSError as error:
        raise InputError(f"{output}: cannot be written: {error.strerror}") from error
    show(str(output))
