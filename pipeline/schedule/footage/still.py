"""A picture file as a source, of which a part is shown that may move and grow: a slow pan."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve
from render.spec.footage import SourceImage
from render.spec.pictures import ImageFile

Window = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Still:
    """A picture and the part of it that is shown.

    Attributes:
        name: as the schedule writes it.
        size: (width, height) of the picture in pixels.
        zoom: how much it is enlarged, over time; at 1 as much of it is shown as fits.
        center: x and y of the middle of what is shown, in shares of the picture, kept inside it.
    """

    name: str
    file: ImageFile
    size: tuple[int, int]
    zoom: Curve = Curve.constant(1.0)
    center: tuple[Curve, Curve] = (Curve.constant(0.5), Curve.constant(0.5))

    @property
    def is_whole(self) -> bool:
        """Whether all of it is shown, in the middle, at all times."""
        curves = (self.zoom, *self.center)
        return all(
            curve.is_constant and curve.keys[0].value == value
            for curve, value in zip(curves, (1.0, 0.5, 0.5), strict=True)
        )

    def placed(self, **placing: Any) -> "Still":
        """The same picture with another `zoom` or `center`."""
        return replace(self, **placing)

    def picture(self) -> SourceImage:
        """All of it."""
        return SourceImage(file=self.file)

    def windows(self, times: Array, size: tuple[int, int], fit: str) -> list[Window]:
        """The parts that are shown at `times`: left, top, width and height, in shares of the picture.

        Args:
            size: (width, height) of the frame, whose shape the part has if `fit` is "crop".
        """
        wide, high = largest_part(self.size, size) if fit == "crop" else (1.0, 1.0)
        zoom = np.maximum(self.zoom.sample(times), 1.0)
        widths, heights = wide / zoom, high / zoom
        x, y = (axis.sample(times) for axis in self.center)
        lefts, tops = np.clip(x - widths / 2, 0, 1 - widths), np.clip(y - heights / 2, 0, 1 - heights)
        parts = np.stack([lefts, tops, widths, heights], axis=1).round(9) + 0.0  # equal on every machine
        return [(left, top, width, height) for left, top, width, height in parts.tolist()]


def largest_part(have: tuple[int, int], want: tuple[int, int]) -> tuple[float, float]:
    """The largest part of a picture that has the shape of another one, in shares of width and height."""
    shape = (want[0] / want[1]) / (have[0] / have[1])
    return min(1.0, shape), min(1.0, 1 / shape)
