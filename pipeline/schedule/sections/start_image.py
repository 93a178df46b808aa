"""The part of the section `start:` that names a picture file, and how much of it is left."""

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.pictures import FITTING, IMAGE, picture_from
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.readers import read_map
from pipeline.schedule.fields.shapes import Setting
from render.spec.pictures import PictureStart

STRENGTH = 1.0
IMAGE_SETTINGS = (
    IMAGE,
    Setting(
        name="strength",
        read=number(0, 1),
        default=STRENGTH,
        about="how much of it is there beside noise; the first frame takes `first_frame` × (1 - strength) steps: "
        "1 is the picture, as the latent model can draw it, and 0 is noise",
    ),
    *FITTING,
)


def read_image(value: Value, clock: Clock) -> PictureStart | None:
    """Read a map with an image; None if the image is invalid, which is collected as a problem."""
    if "prior" in value.entries():
        raise InvalidError(value, "has a prior and an image; a frame starts from one of them")
    read = read_map({entry.name: entry.read for entry in IMAGE_SETTINGS}, value, clock)
    if "image" not in read:
        return None
    found = PictureStart(picture=picture_from(read), strength=read.get("strength", STRENGTH))
    if found.strength == 0:
        clock.warn(value, "has no effect: at strength 0 a frame starts from noise")
    return found
