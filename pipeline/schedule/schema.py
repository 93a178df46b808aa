"""The schedule language as JSON Schema (draft-07), for editors that complete and check while one types.

It is put together from the shapes that the readers carry, so it says what `render check` reads. What
needs more than the text itself, such as the names in expressions or a time beyond the end, it lets pass.
"""

import re
from collections.abc import Mapping
from typing import Any

from pipeline.schedule.document import variants
from pipeline.schedule.document.overrides import KEY
from pipeline.schedule.fields.keyframes import EXPRESSION
from pipeline.schedule.fields.readers import TEXT
from pipeline.schedule.fields.shapes import Shape, about, list_of, map_of, one_of, section, settings
from pipeline.schedule.fields.times import TIME
from pipeline.schedule.sections import includes
from pipeline.schedule.sections.loop import SHAPE
from pipeline.schedule.sections.losses import loss_settings
from pipeline.schedule.sections.models import Models
from pipeline.schedule.sections.motion import motion_settings
from pipeline.schedule.sections.music import Music
from pipeline.schedule.sections.output import Output
from pipeline.schedule.sections.prompts import PROMPTS
from pipeline.schedule.sections.refine import Refine
from pipeline.schedule.sections.shots import MAX_SHOTS, SETTINGS

DRAFT = "http://json-schema.org/draft-07/schema#"

_NAME = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z_0-9]*$"}


def document() -> dict[str, Any]:
    """The whole schema, as JSON."""
    definitions: dict[str, Any] = {}
    whole = _plain(map_of(sections()), definitions)
    return {
        "$schema": DRAFT,
        "title": "schedule",
        "description": "A keyframe schedule: docs/schedule.md",
        **whole,
        "definitions": dict(sorted(definitions.items())),
    }


def sections() -> dict[str, Shape]:
    """What stands at the top of a schedule, in the order of the documentation."""
    parts = {
        "prompts": about(PROMPTS, "what to see: a text, a map of times to scenes, or a list of layers"),
        "motion": section("motion", "how the picture moves", motion_settings()),
        "refine": section("refine", "how hard guidance works on each frame", settings(Refine)),
        "losses": section("losses", "weights of what guides", loss_settings()),
    }
    shot = section("shot", "a part of the video", SETTINGS)
    found: dict[str, Shape] = {
        "version": {"description": "of the language; optional, 1 is the only one there is", "const": 1, "default": 1},
        "title": about(TEXT, "for the video's metadata; the file's name if left out"),
        "output": section("output", "what comes out", settings(Output)),
        "models": section("models", "what draws and what looks", settings(Models)),
        **parts,
        "shots": {
            "description": "sections of the video, one after the other",
            **list_of({**shot, "properties": {**shot["properties"], **parts}}, MAX_SHOTS),
        },
        "music": section("music", "the track: its beats and bars, and what expressions follow", settings(Music)),
        "loop": about(SHAPE, "the end leads into the beginning"),
        "markers": _names("names of times, for keys such as @drop", TIME),
        "let": _names("names for numbers and expressions", one_of({"type": "number"}, EXPRESSION)),
        "include": about(includes.SHAPE, "files of YAML whose entries lie under the schedule's own"),
    }
    return {**found, variants.KEY: _variants(found)}


def _names(description: str, shape: Shape) -> Shape:
    return {"description": description, "type": "object", "propertyNames": _NAME, "additionalProperties": shape}


def _variants(found: Mapping[str, Shape]) -> Shape:
    """A list for every path: of what may stand there where the path is a section's key, else of anything."""
    vary = [name for name in found if name not in (KEY, "version")]
    paths = {name: found[name] for name in vary} | {
        f"{name}.{key}": {"$ref": f"#/definitions/{name}/properties/{key}"}
        for name in vary
        for key in found[name].get("properties", {})
    }
    return {
        "description": "paths to lists of values: every combination is a run of its own",
        "type": "object",
        "properties": {path: list_of(shape, variants.MAX_VALUES) for path, shape in paths.items()},
        "propertyNames": {"pattern": rf"^(?:{'|'.join(map(re.escape, vary))})(?:[.\[].*)?$"},
        "additionalProperties": list_of({}, variants.MAX_VALUES),
        "examples": [{"output.seed": [1, 2, 3]}],
    }


def _plain(shape: Any, definitions: dict[str, Any]) -> Any:
    """The shape as JSON: titled ones go to the definitions, once each, and are referred to."""
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
