"""Regions as small masks over time, for plots, and as outlines, for previews."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.curves.array import Array
from pipeline.run.folder.frames import Pixels
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.errors import one_line
from render.guidance.masks import Masks
from render.spec import FrameSpec
from render.spec.regions import Keep, Region

SMALL = 40  # height of a small mask in pixels
COLOURS = ((255, 140, 60), (90, 190, 255), (150, 230, 110), (250, 110, 200), (240, 220, 80), (180, 150, 255))
KEPT = (255, 255, 255)
_MOST = 12  # regions that are shown


@dataclass(frozen=True, kw_only=True)
class Strip:
    """What a region looks like over time: masks (H, W) in [0, 1] at times in seconds, only where it applies."""

    label: str
    times: tuple[float, ...]
    masks: tuple[Array, ...]


def regions_of(spec: FrameSpec) -> Iterator[tuple[str, Region]]:
    """Yield every region of a frame with its name."""
    for prompt in spec.prompts:
        if prompt.region is not None:
            yield one_line(prompt.text), prompt.region
    for name, region in spec.loss_regions.items():
        yield f"{name} loss", region
    if spec.keep is not None:
        yield "keep", spec.keep.region


def strips(schedule: Schedule, count: int, height: int = SMALL) -> list[Strip]:
    """Draw every region at `count` times, evenly spaced, `height` pixels high.

    A text, of which nothing is known before there is a picture, is everywhere.
    """
    timeline, masks = Timeline(schedule), Masks(torch.device("cpu"))
    shape = schedule.output.size[0] / schedule.output.size[1]
    size = max(1, round(height * shape)), height
    found: dict[str, list[tuple[float, Array]]] = {one_line(prompt.text): [] for prompt in schedule.prompts}
    for index in np.linspace(0, schedule.output.num_frames - 1, count).round().astype(int).tolist():
        for label, region in regions_of(timeline.at(index)):
            mask: Array = masks.draw(region, size, None).numpy()
            found.setdefault(label, []).append((float(timeline.times[index]), mask))
    return [
        Strip(label=label, times=tuple(time for time, _ in drawn), masks=tuple(mask for _, mask in drawn))
        for label, drawn in [(label, drawn) for label, drawn in found.items() if drawn][:_MOST]
    ]


class Outlines:
    """Draws what a frame's regions are over its picture."""

    def __init__(self) -> None:
        self._masks = Masks(torch.device("cpu"))

    def over(self, pixels: Pixels, spec: FrameSpec) -> Pixels:
        """Return the picture (H, W, 3) with the pixels that are kept, and an outline around each region.

        What is kept has a white outline, the regions of prompts and losses have colours in order.
        """
        drawn = pixels if spec.keep is None else self._kept(pixels, spec.keep, spec.size)
        for number, (label, region) in enumerate(regions_of(spec)):
            line = outline(self._masks.draw(region, spec.size, None)).numpy()
            drawn = np.where(line[..., None], KEPT if label == "keep" else COLOURS[number % len(COLOURS)], drawn)
        return drawn.astype(np.uint8)

    def _kept(self, pixels: Pixels, keep: Keep, size: tuple[int, int]) -> Pixels:
        if keep.image is None:
            return pixels
        picture = self._masks.picture(keep.image, size)[0].movedim(0, -1).numpy() * 255
        share = keep.amount * self._masks.draw(keep.region, size, None).numpy()[..., None]
        shown: Pixels = (pixels + share * (picture - pixels)).round().astype(np.uint8)
        return shown


def outline(mask: Tensor) -> Tensor:
    """Return where a mask (H, W) goes through one half: the innermost pixels of what is white, as booleans."""
    inside = (mask >= 0.5).float()[None, None]
    shrunk = -F.max_pool2d(-F.pad(inside, (1,) * 4, mode="replicate"), 3, stride=1)
    edge: Tensor = (inside > shrunk)[0, 0]
    return edge
