"""Find the motion of footage as a displacement of a frame."""

from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from render.motion.displacements.flow import Field
from render.motion.flow import dis
from render.motion.flow.consistency import consistent
from render.spec.footage import Flow, SourceImage


class Pictures(Protocol):
    """What pictures of a source come from, see `render.footage.Footage`."""

    def picture(self, image: SourceImage, size: tuple[int, int]) -> Tensor:
        """Return a picture: (1, 3, H, W) float32 in [0, 1]."""


class Flows:
    """Finds the motion between pictures of footage."""

    def __init__(self, footage: Pictures, device: torch.device) -> None:
        self._footage = footage
        self._device = device

    @torch.no_grad()
    def field(self, flow: Flow, size: tuple[int, int]) -> Field:
        """Return the motion of a frame of `size`, (width, height) in pixels.

        Raises:
            RunError: a file has changed since the schedule was read.
            InputError: it cannot be read, or what finds the motion is not installed.
        """
        before, after = (
            self._footage.picture(replace(image, motion=()), size).to(self._device)
            for image in (flow.before, flow.after)
        )
        forward, backward = dis.estimate(before, after), dis.estimate(after, before)
        return Field(
            backward=backward * flow.amount,
            forward=forward * flow.amount,
            seen=consistent(backward, forward),
            seen_before=consistent(forward, backward),
        )
