"""Small copies of the pictures that a schedule starts from and goes towards, for its plots."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from pipeline.curves.array import Array
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.guides import Guide
from pipeline.schedule.sections.start import Start
from render.errors import one_line
from render.files.images import load_image
from render.spec.pictures import Picture

HEIGHT = 64  # pixels
_WIDEST = 3.0  # times the height


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A picture on the axis of time: a guide, or what a shot starts from.

    Attributes:
        time: in seconds.
        label: its file's name, and how much of it there is.
        image: as the frame shows it, `HEIGHT` pixels high.
        guide: None for a start.
    """

    time: float
    label: str
    image: Image.Image
    guide: Guide | None = None

    def sample(self, times: Array) -> Array:
        """The weight that a guide has at `times`, in seconds; that of a start is 0."""
        return np.zeros_like(times) if self.guide is None else self.guide.sample(times)

    @property
    def data(self) -> str:
        """The picture as a data URI."""
        return as_uri(self.image)


def marks(schedule: Schedule) -> list[Mark]:
    """Every picture that a shot starts from and every guide, in order of time; `InputError` if one cannot be read."""
    width, height = schedule.output.size
    size = max(1, round(HEIGHT * min(_WIDEST, width / height))), HEIGHT
    found = []
    for shot in schedule.shots:
        start: Start = shot.sections["start"]
        if shot.cut and start.image is not None:
            label = f"start: {_name(start.image.picture)}, strength {start.image.strength:g}"
            found.append(Mark(time=shot.start, label=label, image=_small(start.image.picture, size)))
    found += [
        Mark(time=guide.time, label=_name(guide.picture), image=_small(guide.picture, size), guide=guide)
        for guide in schedule.guides.images
    ]
    return sorted(found, key=lambda mark: mark.time)


def as_uri(image: Image.Image) -> str:
    """A picture as a data URI."""
    content = io.BytesIO()
    image.save(content, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode("ascii")


def _name(picture: Picture) -> str:
    return one_line(picture.file.path.name, 40)


def _small(picture: Picture, size: tuple[int, int]) -> Image.Image:
    pixels = load_image(picture.file.path, to_srgb=True)
    image = Image.fromarray((pixels * 255).round().clip(0, 255).astype(np.uint8))
    if picture.fit == "pad":
        return ImageOps.pad(image, size, color=picture.background)
    return ImageOps.fit(image, size) if picture.fit == "crop" else image.resize(size, Image.Resampling.LANCZOS)
