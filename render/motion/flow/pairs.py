"""Find the motion between two pictures of footage, or read it from the cache."""

import json
import math
from typing import Protocol

import torch
from torch import Tensor

from render.motion.flow.cache import Cache
from render.motion.flow.estimators import Estimator
from render.motion.flow.found import CELL, Found, found
from render.motion.flow.placing import Box, Matrix, Size
from render.spec.footage import SourceImage

FEWEST, MOST = 256, 512  # cells along the longer side
_UNIT = 64  # so that frames of similar sizes share what is found
_LEAST = 16  # cells along the shorter side
_VERSION = 1  # of what is computed from two pictures


class Pictures(Protocol):
    """What pictures of a source come from, see `render.footage.Footage`."""

    def picture(self, image: SourceImage, size: Size) -> Tensor:
        """Return a picture: (1, 3, H, W) float32 in [0, 1]."""


def cells_of(part: tuple[float, float], fitted: Matrix, frame: Size) -> Size:
    """Return how many cells, (across, down), motion is found in: about one for each pixel of the frame, within bounds.

    Args:
        part: (width, height) of the part of the picture in which it is found, in its pixels.
        fitted: where that part is in the frame, see `Shown`.
    """
    finest = max(fitted[0, 0] * frame[0] / part[0], fitted[1, 1] * frame[1] / part[1])
    longer = math.ceil(finest * max(part) / _UNIT) * _UNIT
    scale = min(max(longer, FEWEST), MOST) / max(part)
    return max(_LEAST, round(part[0] * scale)), max(_LEAST, round(part[1] * scale))


class Pairs:
    """Finds motion between pairs of pictures; `count` of them were not in the cache."""

    def __init__(self, footage: Pictures, estimate: Estimator, cache: Cache) -> None:
        self._footage = footage
        self._estimate = estimate
        self._cache = cache
        self.count = 0

    def between(self, first: SourceImage, second: SourceImage, box: Box, cells: Size) -> Found:
        """Return the motion between a box of one picture and the same box of another, in cells of it.

        Raises:
            RunError: a file has changed since the schedule was read.
            InputError: it cannot be read.
        """
        if _order(first) > _order(second):
            return self.between(second, first, box, cells).turned()
        key = self._key(first, second, box, cells)
        known = self._cache.get(key, cells)
        if known is None:
            self.count += 1
            known = found(self._picture(first, box, cells), self._picture(second, box, cells), self._estimate)
            self._cache.put(key, known)
        return known

    def _key(self, first: SourceImage, second: SourceImage, box: Box, cells: Size) -> str:
        pictures = [[image.file.sha256, image.number] for image in (first, second)]
        return json.dumps([_VERSION, self._estimate.identity, pictures, box, cells])

    def _picture(self, image: SourceImage, box: Box, cells: Size) -> Tensor:
        part = SourceImage(file=image.file, number=image.number, fit="stretch", window=box)
        with torch.no_grad():
            return self._footage.picture(part, (cells[0] * CELL, cells[1] * CELL))


def _order(image: SourceImage) -> tuple[str, int]:
    return image.file.sha256, -1 if image.number is None else image.number
