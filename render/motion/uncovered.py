"""How new to the picture is what it shows: what a motion uncovers takes larger steps until it has had its share."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from render.motion.displacements import Displacement, pixels
from render.motion.shown import trusted
from render.motion.warp import move
from render.spec import FrameSpec

STEPS = 30.0  # of refinement, after which 1/e of being new is left


@torch.no_grad()
def uncovered(
    before: Tensor | None, picture: Tensor, motion: Displacement, spec: FrameSpec, stride: int
) -> Tensor | None:
    """Return how new every cell of the latent is: (1, 1, h, w) in [0, 1]; None if that makes no difference.

    A cell is as new as the part of it that the motion uncovers or brings in. That is moved along with the picture, and
    adds up over frames, in each of which only a few pixels come into view.

    Args:
        before: what the previous frame has left of it, see `worn`; None if nothing.
        picture: (1, 3, H, W), the previous one.
        motion: what moves it.
        stride: pixels per cell.
    """
    if spec.uncovered == 1:
        return None
    new = F.avg_pool2d(1 - _known(picture, motion, spec.border), stride)
    if before is None:
        return new
    left = move(before, motion, "edge", stride).clamp(0, 1)
    return 1 - (1 - left) * (1 - new)


def _known(picture: Tensor, motion: Displacement, border: str) -> Tensor:
    """How far the picture shows what it will show after the motion; what is wrapped around it has always shown."""
    if border != "wrap":
        return trusted(motion, picture)
    seen = motion.visible(pixels(picture.shape[-2], picture.shape[-1], 1, picture.device))
    return torch.ones_like(picture[:, :1]) if seen is None else seen.to(picture)


def worn(new: Tensor | None, steps: int) -> Tensor | None:
    """Return what is left of it after the steps of a frame."""
    return None if new is None else new * math.exp(-steps / STEPS)
