"""The schedule language as JSON Schema (draft-07), for editors that complete and check as you type.

It is assembled from the shapes that the readers carry, so it accepts what `render check` accepts. It does not check
anything that needs more than the text itself, such as names in expressions or a time beyond the end.
"""

from collections.abc import Mapping
from typing import Any

from pipeline.schedule.fields.shapes import map_of
from pipeline.schedule.sections import declared

DRAFT = "http://json-schema.org/draft-07/schema#"


def document() -> dict[str, Any]:
    """The whole schema, as JSON."""
    definitions: dict[str, Any] = {}
    whole = _plain(map_of({name: section.shape() for name, section in declared().items()}), definitions)
    return {
        "$schema": DRAFT,
        "title": "schedule",
        "description": "A keyframe schedule: docs/schedule.md",
        **whole,
        "definitions": dict(sorted(definitions.items())),
    }


def _plain(shape: Any, definitions: dict[str, Any]) -> Any:
    """The shape as JSON; shapes with a title go into the definitions, once each, and are referenced."""
    if callable(shape):
        return list(shape())
    if isinstance(shape, list | tuple):
        return [_plain(part, definitions) for part in shape]
    if not isinstance(shape, Mapping):
        return shape
    made = {key: _plain(part, definitions) for key, part in shape.items()}
    if isinstance(made.get("$ref"), Mapping):
        made |= made["$ref"]
    if not isinstance(title := shape.get("title"), str):
        return made
    assert definitions.setdefault(title, made) == made, f"two shapes are called {title}"
    return {"$ref": f"#/definitions/{title}"}
