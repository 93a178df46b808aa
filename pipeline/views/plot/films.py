"""What footage shows over time, as rows of small pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from pipeline.schedule.footage.playing import Playing
from pipeline.schedule.footage.source import Source
from pipeline.schedule.footage.still import Still
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections.motion import Motion
from pipeline.schedule.timeline import Timeline
from pipeline.views.plot.thumbnails import as_uri
from render.errors import one_line
from render.footage import Footage
from render.spec import FrameSpec
from render.spec.footage import SourceImage

SMALL = 40  # height in pixels


@dataclass(frozen=True, kw_only=True)
class Film:
    """Pictures of footage at times in seconds, as frames show them.

    Attributes:
        name: the key that names the footage: "source", or "motion.flow".
        label: the names of its files.
    """

    name: str
    label: str
    times: tuple[float, ...]
    images: tuple[Image.Image, ...]

    @property
    def data(self) -> list[str]:
        """The pictures as data URIs."""
        return [as_uri(image) for image in self.images]


def films(schedule: Schedule, count: int, height: int) -> list[Film]:
    """Take pictures of all footage of a schedule at `count` times, evenly spaced, `height` pixels high.

    Raises:
        InputError: a file cannot be read.
        RunError: a file has changed since the schedule was read.
    """
    timeline, footage = Timeline(schedule), Footage(torch.device("cpu"))
    width, high = schedule.output.size
    size = max(1, round(height * width / high)), height
    indices = np.linspace(0, schedule.output.num_frames - 1, count).round().astype(int).tolist()
    found: dict[str, list[tuple[float, Image.Image]]] = {}
    for index in dict.fromkeys(indices):
        for name, image in _shown(timeline.at(index)):
            drawn = _small(footage, image, size)
            found.setdefault(name, []).append((float(timeline.times[index]), drawn))
    labels = {"source": _names(_sources(schedule)), "motion.flow": _names(_motions(schedule))}
    return [
        Film(
            name=name,
            label=labels[name],
            times=tuple(time for time, _ in taken),
            images=tuple(image for _, image in taken),
        )
        for name, taken in found.items()
    ]


def _shown(spec: FrameSpec) -> list[tuple[str, SourceImage]]:
    if spec.source is not None:
        return [("source", spec.source.image)]
    return [] if spec.flow is None else [("motion.flow", spec.flow.after)]


def _small(footage: Footage, image: SourceImage, size: tuple[int, int]) -> Image.Image:
    pixels = footage.picture(image, size)[0].movedim(0, -1).mul(255).round().clamp(0, 255).byte()
    return Image.fromarray(pixels.numpy())


def _sources(schedule: Schedule) -> list[Playing | Still]:
    found: list[Source | None] = [shot.sections["source"] for shot in schedule.shots]
    return [source.shows for source in found if source is not None]


def _motions(schedule: Schedule) -> list[Playing]:
    found: list[Motion] = [shot.sections["motion"] for shot in schedule.shots]
    return [motion.flow.shows for motion in found if motion.flow is not None]


def _names(shown: Sequence[Playing | Still]) -> str:
    """The names of clips and stills, each once."""
    names = dict.fromkeys(part.name if isinstance(part, Still) else part.clip.name for part in shown)
    return one_line(", ".join(names), 40)
