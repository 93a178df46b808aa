"""Reads colours: the names of CSS, or hexadecimal numbers."""

import re

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.readers import written
from pipeline.schedule.fields.shapes import described, one_of, written_as
from render.errors import suggestion

_EXPECTED = 'a colour such as tomato or "#ff6347", in quotes, because # begins a comment'
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def _names() -> list[str]:
    from PIL import ImageColor  # not for schedules without colours

    return sorted(ImageColor.colormap)


@described({"title": "CSS colour", **one_of({"enum": _names}, written_as(_HEX.pattern, _EXPECTED))})
def colour(value: Value, clock: Clock) -> str:
    """A colour of CSS by its name, or #rgb or #rrggbb; returned as #rrggbb."""
    from PIL import ImageColor

    name = value.scalar(_EXPECTED)
    if not isinstance(name, str):
        raise value.invalid(_EXPECTED)
    name = written(value)
    if name.startswith("#"):
        if not _HEX.fullmatch(name):
            raise InvalidError(value, f"'{name}' is not a colour; expected # and three or six hexadecimal digits")
    elif name not in ImageColor.colormap:
        expected = f"expected the name of a CSS colour such as tomato, or {_EXPECTED.partition(' or ')[2]}"
        raise InvalidError(value, f"unknown colour '{name}'; {suggestion(name, ImageColor.colormap, expected)}")
    return "#{:02x}{:02x}{:02x}".format(*ImageColor.getrgb(name)[:3])
