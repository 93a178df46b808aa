"""The functions behind the studio's API, as JSON."""

from pathlib import Path
from typing import Any

from pipeline.studio.text.check import problems
from pipeline.studio.text.editing.edits import edited
from pipeline.studio.text.timeline import timeline as view_of
from pipeline.studio.text.view import as_json


def check(text: str, folder: Path, path: str = "x.yaml") -> Any:
    return as_json(problems(text, path, folder))


def timeline(text: str, folder: Path, path: str = "x.yaml") -> Any:
    return as_json(view_of(text, path, folder))


def edits(text: str, folder: Path, wanted: list[dict[str, Any]], path: str = "x.yaml") -> Any:
    return as_json(edited(text, path, folder, wanted))


def applied(text: str, changes: list[dict[str, Any]]) -> str:
    """Apply changes, whose offsets count UTF-16 code units."""
    units = text.encode("utf-16-le")
    for change in reversed(changes):
        insert = change["insert"].encode("utf-16-le")
        units = units[: 2 * change["from"]] + insert + units[2 * change["to"] :]
    return units.decode("utf-16-le")
