"""Let every prompt pull only where its region is: in the cutouts that are dealt to it, and in no pixel outside.

A cutout has one gradient, that of everything it is compared with. So that a prompt changes nothing outside of its
region, each cutout is compared with one prompt only, and its gradient is stopped where that prompt's region is not.
Which prompt that is follows how much of each region it shows; a prompt that gets few cutouts pulls the more in each
of them, so that on average every prompt pulls as if it had all cutouts to itself.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from render.guidance import cutouts

_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, kw_only=True)
class Dealt:
    """What cutouts may change, and which prompt pulls them how strongly.

    Attributes:
        mask: (B, N, 1, S, S) in [0, 1], the region of each cutout's prompt as the cutout shows it.
        coverage: (B, N, P), 0 for every prompt but one; how much of the region is shown, times what makes up for the
            cutouts that the prompt does not get.
    """

    mask: Tensor
    coverage: Tensor


class Stencil:
    """The regions of the prompts of a batch of pictures.

    Args:
        regions: (B, P, H, W) in [0, 1].
        weights: (B, P), signed.
    """

    def __init__(self, regions: Tensor, weights: Tensor) -> None:
        self._regions = regions
        self._weights = weights.abs()
        self._small: dict[int, Tensor] = {}
        self._anywhere: dict[torch.Size, Tensor] = {}

    def over(self, image: Tensor) -> Tensor:
        """Return the picture (B, 3, H, W) itself, with no gradient where no prompt applies."""
        size = image.shape[-2:]
        if size not in self._anywhere:
            pulled = self._regions * (self._weights > 0)[..., None, None]
            self._anywhere[size] = resized(pulled.amax(dim=1, keepdim=True), size)
        return only_inside(image, self._anywhere[size])

    def deal(self, views: Tensor, side: int) -> Dealt:
        """Deal the cutouts that `views` (B, N, 3, 3) describe, `side` pixels wide, to the prompts.

        No random numbers are drawn: views are random already, and neighbouring cutouts, such as those of the whole
        picture, are dealt evenly by the golden ratio.
        """
        seen = cutouts.sample(self._shrunk(side), views, side)
        shown = seen.mean(dim=(-2, -1)) * self._weights[:, None]
        edges = shown.cumsum(dim=-1)
        total = edges[..., -1:]
        count, prompts = shown.shape[1:]
        turn = torch.arange(1, count + 1, device=seen.device) * _GOLDEN % 1.0
        chosen = (turn[:, None] * total >= edges).sum(dim=-1, keepdim=True).clamp(max=prompts - 1)
        own = chosen == torch.arange(prompts, device=seen.device)
        weights = self._weights[:, None].clamp(min=1e-12)
        mask = seen.take_along_dim(chosen[..., None, None], dim=2)
        return Dealt(mask=mask, coverage=torch.where(own, total / weights, 0.0))

    def _shrunk(self, side: int) -> Tensor:
        """Return the regions at the size from which cutouts are sampled, so that they are not shrunk in every step."""
        if side not in self._small:
            self._small[side] = cutouts.prefiltered(self._regions, side)
        return self._small[side]


class _OnlyInside(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, image: Tensor, mask: Tensor) -> Tensor:
        ctx.save_for_backward(mask)
        return image.view_as(image)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (mask,) = ctx.saved_tensors
        return grads[0] * mask, None


def only_inside(image: Tensor, mask: Tensor) -> Tensor:
    """Return the picture itself; its gradient is multiplied by the mask, in [0, 1], of a shape that fits it."""
    inside: Tensor = _OnlyInside.apply(image, mask)
    return inside


def resized(masks: Tensor, size: torch.Size) -> Tensor:
    """Scale masks (B, C, h, w) to (H, W); what is 0 or 1 all around a pixel stays so."""
    if masks.shape[-2:] == size:
        return masks
    return F.interpolate(masks, size=size, mode="area")
