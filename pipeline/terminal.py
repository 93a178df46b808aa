"""The one way to standard output and standard error: what stands in a file must not steer the terminal that shows it.

Escape sequences colour, move and hide text; bidirectional marks reverse it. Both are shown as they would be written.
"""

import json

import click

from render.errors import printable


def show(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print lines; whatever in them is not printable is escaped."""
    click.echo(printable_lines(text), err=err, nl=nl)


def show_json(text: str) -> None:
    """Print one JSON object; whatever in it is not printable is escaped as JSON does, so it stays the same object."""
    safe = text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
    click.echo(safe)


def printable_lines(text: str) -> str:
    """The lines of a text, each printable."""
    return "\n".join(map(printable, text.split("\n")))
