"""Generates the tables of docs/schedule.md from the descriptions that the readers carry.

`python -m pipeline.schedule.reference docs/schedule.md` fills them in, each between `<!-- generated: NAME -->` and
`<!-- end -->`; the text around them is written by hand.
"""

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.curves.functions import FUNCTIONS
from pipeline.schedule.fields.shapes import Setting
from pipeline.schedule.sections import declared
from pipeline.video import formats
from pipeline.video.platforms import PLATFORMS

_PLACE = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(text: str) -> str:
    """The document with up-to-date tables. Raises `KeyError` for an unknown table name."""
    tables = _tables()
    return _PLACE.sub(lambda place: place[1] + tables[place[2]] + place[3], text)


def _tables() -> dict[str, str]:
    """The text of every table by its name."""
    sections = declared()
    tables = {name: section.settings for name, section in sections.items()}
    tables |= {name: settings for section in sections.values() for name, settings in section.nested.items()}
    about = ((f"`{name}`", section.shape()["description"]) for name, section in sections.items())
    return {
        **{name: _settings(settings()) for name, settings in tables.items()},
        "schedule": _table(("key", ""), about),
        "functions": _table(("written", ""), ((f"`{known.call}`", known.about) for known in FUNCTIONS.values())),
        "formats": _table(
            ("format", "file", ""),
            ((f"`{name}`", f"`{known.container.suffix}`", known.about) for name, known in formats.every().items()),
        ),
        "places": _table(("place", ""), ((f"`{name}`", place.about) for name, place in PLATFORMS.items())),
    }


def _settings(entries: Iterable[Setting]) -> str:
    rows = ((f"`{entry.name}`{' ~' * entry.read.over_time}", _default(entry), _about(entry)) for entry in entries)
    return _table(("key", "default", ""), rows)


def _default(entry: Setting) -> str:
    if entry.default is None:
        return "required" if entry.required else "none"
    return f"`{_in_yaml(entry.written_default)}`"


def _about(entry: Setting) -> str:
    words = ", ".join(f"`{word}`" for word in dict.fromkeys(map(str, entry.shape.get("enum", ()))))
    return (
        entry.about
        if not words or all(f"`{word}`" in entry.about for word in entry.shape["enum"])
        else f"{entry.about}: {words}"
    )


def _in_yaml(value: Any) -> str:
    """A plain value, or a list of them, in the notation of a schedule."""
    return json.dumps(value).replace('"', "")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["|".join(f" {cell} " if cell else " " for cell in row) for row in (head, *rows)]
    return "".join(f"|{line}|\n" for line in (lines[0], "|".join("---" for _ in head), *lines[1:]))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        Path(name).write_text(filled(Path(name).read_text(encoding="utf-8")), encoding="utf-8")
