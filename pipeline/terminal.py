"""The one way to standard output and standard error: text from a file must not control the terminal that shows it.

Escape sequences colour, move and hide text; bidirectional marks reverse it. Both are printed in escaped form.
"""

import json
import sys
from io import TextIOWrapper

import click

from render.errors import printable


def escape_what_no_terminal_shows() -> None:
    """Have characters escaped that the terminal's or file's encoding lacks, such as → in Windows' cp1252."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def show(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print lines, with unprintable characters escaped."""
    click.echo(printable_lines(text), err=err, nl=nl)


def show_json(text: str) -> None:
    """Print one JSON object, with unprintable characters escaped as JSON does: it stays the same object."""
    safe = text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
    click.echo(safe)


def printable_lines(text: str) -> str:
    """The lines of a text, each printable."""
    return "\n".join(map(printable, text.split("\n")))
