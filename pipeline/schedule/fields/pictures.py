"""Reads pictures that take the size of a frame: the file, how it is fitted, and the colour behind it."""

from collections.abc import Mapping
from typing import Any

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.files import picture
from pipeline.schedule.fields.shapes import Setting, about, described
from render.errors import suggestion
from render.spec import FITS, Picture

RGB = tuple[float, float, float]
WHITE: RGB = (1.0, 1.0, 1.0)
_COLOUR = 'a colour such as white or "#ff8800"'
_LONGEST = 40


def _written(colour: RGB) -> str:
    return "white" if colour == WHITE else "#" + "".join(f"{round(255 * part):02x}" for part in colour)


@described(about(fields.TEXT, "a CSS name, or hex digits in quotes"), shown=_written)
def colour(value: Value, clock: Clock) -> RGB:
    """A colour's name or its hex digits, as RGB in [0, 1]."""
    from PIL import ImageColor

    written = fields.text(value, clock).strip().lower()
    try:
        if len(written) > _LONGEST or not (written.startswith("#") or written in ImageColor.colormap):
            raise ValueError
        parts = ImageColor.getrgb(written)
        if len(parts) != 3:
            raise ValueError
    except ValueError:
        hint = suggestion(written[:_LONGEST], ImageColor.colormap, otherwise=f"expected {_COLOUR}")
        raise InvalidError(value, f"unknown colour; {hint}") from None
    red, green, blue = (part / 255 for part in parts)
    return red, green, blue


IMAGE = Setting(
    name="image",
    read=described(fields.TEXT)(picture),
    default=None,
    about="a picture beside the schedule: its path",
    required=True,
)
FITTING = (
    Setting(
        name="fit",
        read=fields.choice(FITS, "fit"),
        default="crop",
        about="how it gets the frame's shape: `crop` cuts off what is too wide or too high, `pad` adds `background` "
        "around it, `stretch` does neither",
    ),
    Setting(
        name="background",
        read=colour,
        default=WHITE,
        about="the colour behind transparency and around a padded picture",
    ),
)


def picture_from(read: Mapping[str, Any]) -> Picture:
    """The picture of a map that was read with `IMAGE` and `FITTING`."""
    fitting = {entry.name: read[entry.name] for entry in FITTING if entry.name in read}
    return Picture(file=read["image"], **fitting)
