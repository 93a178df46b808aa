"""Blends of two pictures, like the frames of a video between one prompt and the next."""

import torch
from torch import Tensor
from torch.nn import functional as F


def _masks(count: int, side: int) -> Tensor:
    """Opacity masks (N, 1, S, S): constant, or from 0 to 1 across a soft line."""
    even = torch.rand(count, 1, 1, 1).expand(-1, 1, side, side)
    height = torch.linspace(0, 1, side)[None, None, :, None]
    place, soft = torch.rand(count, 1, 1, 1), 0.05 + 0.4 * torch.rand(count, 1, 1, 1)
    banded = ((height - place) / soft + 0.5).clamp(0, 1)
    banded = torch.where(torch.rand(count, 1, 1, 1) < 0.5, banded, 1 - banded)
    return torch.where(torch.rand(count, 1, 1, 1) < 0.6, even, banded)


def blend(images: Tensor, blended: float) -> tuple[Tensor, Tensor, Tensor]:
    """Blend other pictures of the batch into a share `blended` of its pictures (N, 3, S, S).

    Returns: the pictures, for each the place (N,) of the other, and the share (N,) that is its own.
    Source: mixup (Zhang 2018) and CutMix (Yun 2019), with soft bands for skies over land.
    """
    count = len(images)
    others = torch.randperm(count)
    masks = torch.where(torch.rand(count, 1, 1, 1) < blended, _masks(count, images.shape[-1]), torch.ones(1))
    return images * masks + images[others] * (1 - masks), others, masks.mean((1, 2, 3))


def mixed(vectors: Tensor, others: Tensor, share: Tensor) -> Tensor:
    """Unit vectors (N, D) of a batch, each mixed with that of its blend partner by share."""
    return F.normalize(share[:, None] * vectors + (1 - share[:, None]) * vectors[others], dim=1)
