"""`variants:`, which `pipeline.schedule.document.variants` reads before there are sections."""

import re

from pipeline.schedule.document.file_patterns import KEY as FILES
from pipeline.schedule.document.variants import MAX_VALUES
from pipeline.schedule.fields.shapes import Shape, list_of, map_of, one_of, written_as
from pipeline.schedule.sections import Section, declared


def _shape() -> Shape:
    """A list of values for every path: restricted to the section's shape if the path is a section's key."""
    vary = {name: section.shape() for name, section in declared().items() if section.can_vary}
    paths = vary | {
        f"{name}.{key}": {"$ref": f"#/definitions/{name}/properties/{key}"}
        for name, shape in vary.items()
        for key in shape.get("properties", {})
    }
    return {
        "description": "paths and lists of values: every combination is a separate run; a pattern of files such as "
        "`clips/*.mp4` in place of the list, or `{files: clips/*.mp4}` in it, stands for the files that match",
        "type": "object",
        "properties": {path: _varying(shape) for path, shape in paths.items()},
        "propertyNames": {"pattern": rf"^(?:{'|'.join(map(re.escape, vary))})(?:[.\[].*)?$"},
        "additionalProperties": _varying({}),
        "examples": [{"output.seed": [1, 2, 3]}, {"source.video": "clips/*.mp4"}],
    }


_PATTERN: Shape = {
    "description": "the files that match, in natural order",
    **written_as(r"[^*]*\*.*", "a pattern of files such as clips/*.mp4"),
}
_FILES: Shape = {"title": "matching_files", **map_of({FILES: _PATTERN}, required=(FILES,))}


def _varying(shape: Shape) -> Shape:
    """The shape of the values of a path, each of which has this shape.

    No alternatives, but what holds for each type, so that an editor marks the value that is wrong.
    """
    items = list_of(one_of(shape, _FILES) if shape else {}, MAX_VALUES)
    files = {key: part for key, part in _FILES.items() if key != "title"}
    return {**_PATTERN, **files, **items, "type": ["array", "string", "object"]}


SECTION: Section[None] = Section(position=150, shape=_shape, is_merged=False, can_vary=False)
