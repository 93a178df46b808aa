"""What the studio's API answers about a text, as JSON in and JSON out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.studio.text.check import problems
from pipeline.studio.text.editing.edits import edited
from pipeline.studio.text.schema_help import completions, described_at
from pipeline.studio.text.timeline import timeline as view_of
from pipeline.studio.text.view import as_json

Request = Mapping[str, Any]
Answer = dict[str, Any]


def check(request: Request, folder: Path) -> Answer:
    """`{path, text}` to `{problems, facts}`; it never raises for what is wrong with the text."""
    found: Answer = as_json(problems(request["text"], request["path"], folder))
    return found


def timeline(request: Request, folder: Path) -> Answer:
    """`{path, text}` to what is on the axis of time. Raises `InputError` if the text is not valid."""
    found: Answer = as_json(view_of(request["text"], request["path"], folder))
    return found


def edits(request: Request, folder: Path) -> Answer:
    """`{path, text, edits}` to `{changes, inverse, text}`. Raises `InputError` if an edit cannot be made."""
    found: Answer = as_json(edited(request["text"], request["path"], folder, request["edits"]))
    return found


def complete(request: Request, folder: Path) -> Answer:
    """`{path, text, offset}` to `{from, to, options: [{label, insert, detail, info}]}`."""
    found = completions(request["text"], request["offset"])
    return {**as_json(found.span), "options": [as_json(option) for option in found.options]}


def hover(request: Request, folder: Path) -> Answer | None:
    """`{path, text, offset}` to `{from, to, text}`; None where nothing is to be said."""
    found = described_at(request["text"], request["offset"])
    return None if found is None else {**as_json(found.span), "text": found.text}
