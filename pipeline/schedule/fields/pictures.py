"""Reads pictures that take the size of a frame: the file, how it is fitted, and the colour behind it."""

from collections.abc import Mapping
from typing import Any

from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.colours import colour
from pipeline.schedule.fields.files import picture
from pipeline.schedule.fields.shapes import Setting, described
from render.spec.pictures import FITS, Picture

IMAGE = Setting(
    name="image",
    read=described(fields.TEXT)(picture),
    default=None,
    about="a picture beside the schedule: its path",
    required=True,
)
FIT = Setting(
    name="fit",
    read=fields.choice(FITS, "fit"),
    default="crop",
    about="how it gets the frame's shape: `crop` cuts off what is too wide or too high, `pad` adds `background` around "
    "it, `stretch` does neither",
)
FITTING = (
    FIT,
    Setting(
        name="background",
        read=colour,
        default="#ffffff",
        about="the colour behind transparency and around a padded picture",
    ),
)


def picture_from(read: Mapping[str, Any]) -> Picture:
    """The picture of a map that was read with `IMAGE` and `FITTING`."""
    fitting = {entry.name: read[entry.name] for entry in FITTING if entry.name in read}
    return Picture(file=read["image"], **fitting)
