"""Average vectors over a neighbourhood, from where they are known."""

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from render.motion.flow.links import Known

_LEAST = 1e-3  # of the weight around a place, below which nothing near it is known


def smoothed(known: Known, radius: float) -> Known:
    """Return motion whose vectors are averaged with a Gaussian, each weighted by how far it is seen.

    Where nothing near is seen, all count alike; what is beyond the edge never counts. What is seen stays the same.

    Args:
        radius: its standard deviation in cells; 0 for none.
    """
    if not radius:
        return known
    weight = _blurred(known.seen, radius)
    sure = _blurred(known.vectors * known.seen, radius) / weight.clamp(min=_LEAST)
    every = _blurred(known.vectors, radius) / _blurred(torch.ones_like(known.seen), radius)
    return replace(known, vectors=torch.where(weight >= _LEAST, sure, every))


def _blurred(values: Tensor, radius: float) -> Tensor:
    """Blur (1, C, h, w) with a Gaussian, as if there were zeros beyond the edge."""
    reach = min(math.ceil(3 * radius), max(values.shape[-2:]))
    offsets = torch.arange(-reach, reach + 1, device=values.device, dtype=values.dtype)
    kernel = (-0.5 * (offsets / radius).square()).exp()
    kernel = kernel / kernel.sum()
    across = F.conv2d(values.movedim(1, 0), kernel.view(1, 1, 1, -1), padding=(0, reach))
    return F.conv2d(across, kernel.view(1, 1, -1, 1), padding=(reach, 0)).movedim(0, 1)
