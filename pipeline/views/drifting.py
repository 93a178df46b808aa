"""Moves the picture of a preview as the things in a clip move (`motion.flow`)."""

from functools import partial

import torch
from torch import Tensor

from render.footage import Footage
from render.guidance.masks import Masks
from render.motion.composed import Motions
from render.motion.displacements import Fields
from render.motion.flow.flows import Flows
from render.motion.shown import trusted
from render.motion.warp import warp
from render.spec import FrameSpec

HALF_LIFE = 2.0  # seconds until half of what has been moved is the picture itself again, so that it stays in view


class Drifting:
    """Moves one frame after the other.

    Args:
        fps: frames per second.
    """

    def __init__(self, fps: float) -> None:
        device = torch.device("cpu")
        masks = Masks(device)
        flows = Flows(Footage(device), device, draw=partial(masks.draw, picture=None))
        self._displace = Motions(fields=Fields(flow=flows.field, grey=masks.grey))
        self._left = 0.5 ** (1 / (HALF_LIFE * fps))
        self._last: Tensor | None = None

    def over(self, picture: Tensor, spec: FrameSpec) -> Tensor:
        """The next frame, (1, 3, H, W) in [0, 1].

        Args:
            picture: what it shows without the clip's motion, (1, 3, H, W) in [0, 1].
        """
        if spec.source is not None or spec.cut or (spec.flow is None and self._last is None):
            self._last = None
            return picture
        last = picture if self._last is None else self._last
        motion = self._displace(last, [spec.motion])
        share = self._left * trusted(motion, last)
        self._last = torch.lerp(picture, warp(last, motion, spec.border), share)
        return self._last
