"""What the studio's API answers about a text, as JSON in and JSON out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.studio.text.check import problems
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
