"""Find the motion of footage as the displacement of a frame."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from render import catalogue
from render.errors import RunError
from render.files.images import image_size
from render.files.videos.clips import facts
from render.guidance.latest import Latest
from render.guidance.pictures import unchanged
from render.kernels.exact import exact
from render.models.downloads import cache_folder
from render.models.model import ModelFiles
from render.motion.displacements.flow import Field
from render.motion.flow import estimators
from render.motion.flow.cache import Cache
from render.motion.flow.consistency import consistent
from render.motion.flow.estimators import Estimator
from render.motion.flow.estimators.dis import DenseInverseSearch
from render.motion.flow.links import Known, joined, steps
from render.motion.flow.pairs import Pairs, Pictures, cells_of
from render.motion.flow.placing import WHOLE, Box, Change, Matrix, Shown, Size, box_in, fitting
from render.motion.flow.smoothing import smoothed
from render.spec.footage import Flow, SourceImage
from render.spec.pictures import ImageFile
from render.spec.regions import Region

Draw = Callable[[Region, Size], Tensor]
"""Draws a region for a frame of (width, height) pixels: (H, W) in [0, 1]."""

KEPT = 8  # the fields of the latest frames: several parts of a frame move by the same one


class Flows:
    """Finds the motion between pictures of footage.

    Args:
        footage: reads them.
        estimate: finds what moves between two of them; dense inverse search by default.
        draw: draws the regions of flows.
        folder: where found motion is kept; by default, beside the files of models.
    """

    def __init__(
        self,
        footage: Pictures,
        device: torch.device,
        estimate: Estimator | None = None,
        draw: Draw | None = None,
        folder: Path | None = None,
    ) -> None:
        self._device = exact(device)
        self._draw = draw
        self.pairs = Pairs(footage, estimate or DenseInverseSearch(), Cache(folder or cache_folder() / "flow"))
        self._sizes: dict[ImageFile, Size] = {}
        self._kept: Latest[tuple[Flow, Size], Field] = Latest(KEPT)

    @torch.no_grad()
    def field(self, flow: Flow, size: Size) -> Field:
        """Return the motion of a frame of `size`, (width, height) in pixels.

        The motion is found between the pictures as they are in their files, then placed as the frame shows them: by
        their window and fit, and by `before.motion`. So a frame's own motion costs no further search.

        Raises:
            RunError: a file has changed since the schedule was read.
            InputError: it cannot be read.
        """
        return self._kept.get((flow, size), lambda: self._field(flow, size))

    def _field(self, flow: Flow, size: Size) -> Field:
        still = _same(flow.before, flow.after)
        if still and flow.before.window == flow.after.window:
            return _standing(size, self._device)
        box = flow.before.window if flow.before.window == flow.after.window else WHOLE
        before, after = self._shown(flow.before, box, size), self._shown(flow.after, box, size)
        ahead, back = (None, None) if still else self._known(flow, box, before, size)
        motion = np.array(flow.before.motion).reshape(3, 3) if flow.before.motion else np.eye(3)
        forward, backward = (
            self._within(flow.region, size, change.placed(size, flow.amount, self._device))
            for change in (
                Change(start=before, end=after, known=ahead, motion=motion),
                Change(start=after, end=before, known=back, motion=motion),
            )
        )
        return Field(backward=backward.vectors, forward=forward.vectors, seen=backward.seen, seen_before=forward.seen)

    def _known(self, flow: Flow, box: Box, before: Shown, size: Size) -> tuple[Known, Known]:
        """Return the motion of a box of the picture, forwards and backwards, in cells."""
        picture = self._size(flow.before)
        cells = cells_of((box[2] * picture[0], box[3] * picture[1]), before.fitted, size)
        links = [
            self.pairs.between(first, second, box, cells).vectors(self._device)
            for first, second in pairwise(steps(flow.before, flow.after))
        ]
        ahead = joined([Known(vectors=there, seen=consistent(there, back)) for there, back in links])
        behind = joined([Known(vectors=back, seen=consistent(back, there)) for there, back in reversed(links)])
        radius = flow.smooth * cells[1] / before.fitted[1, 1]
        return smoothed(ahead, radius), smoothed(behind, radius)

    def _shown(self, image: SourceImage, box: Box, size: Size) -> Shown:
        picture: Matrix = fitting(self._size(image), image, size)
        return Shown(fitted=picture @ box_in(box), picture=picture, margin=image.fit == "pad")

    def _within(self, region: Region | None, size: Size, known: Known) -> Known:
        """Let the motion fade out at the edge of a region; outside of it nothing moves, so all of it is seen."""
        if region is None:
            return known
        if self._draw is None:
            raise RunError("the region of a motion needs something that draws it, which was not loaded")
        mask = self._draw(region, size).to(known.vectors)[None, None]
        return Known(vectors=known.vectors * mask, seen=torch.lerp(torch.ones_like(known.seen), known.seen, mask))

    def _size(self, image: SourceImage) -> Size:
        """Return (width, height) of a picture in its file."""
        if image.file not in self._sizes:
            path = unchanged(image.file)  # where all motion is known, nothing else looks at the file
            self._sizes[image.file] = image_size(path) if image.number is None else facts(path).size
        return self._sizes[image.file]


def load(files: ModelFiles, device: torch.device) -> Estimator:
    """Load what finds motion. Raises `WeightsError` if files are missing or do not fit."""
    found: Estimator = catalogue.load(estimators, files.entry).load(files, device)
    return found


def _same(before: SourceImage, after: SourceImage) -> bool:
    return before.file.sha256 == after.file.sha256 and before.number == after.number


def _standing(size: Size, device: torch.device) -> Field:
    """Return the motion of a picture that stands still: exactly none."""
    zero = torch.zeros(1, 2, size[1], size[0], device=device)
    seen = torch.ones(1, 1, size[1], size[0], device=device)
    return Field(backward=zero, forward=zero.clone(), seen=seen, seen_before=seen.clone())
