"""`variants:`, which `pipeline.schedule.document.variants` reads before there are sections."""

import re

from pipeline.schedule.document.variants import MAX_VALUES
from pipeline.schedule.fields.shapes import Shape, list_of
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
        "description": "paths and lists of values: every combination is a separate run",
        "type": "object",
        "properties": {path: list_of(shape, MAX_VALUES) for path, shape in paths.items()},
        "propertyNames": {"pattern": rf"^(?:{'|'.join(map(re.escape, vary))})(?:[.\[].*)?$"},
        "additionalProperties": list_of({}, MAX_VALUES),
        "examples": [{"output.seed": [1, 2, 3]}],
    }


SECTION: Section[None] = Section(position=150, shape=_shape, is_merged=False, can_vary=False)
