"""Check two flows against each other: what is hidden in one of the pictures, nothing in it can match.

Source: Sundaram, Brox, Keutzer, "Dense Point Trajectories by GPU-Accelerated Large Displacement Optical Flow" (2010).
"""

import torch
from torch import Tensor

from render.motion.displacements import pixels
from render.motion.displacements.flow import sampled

_SHARE = 0.01  # of the squared lengths of both vectors, by which they may differ
_SLACK = 0.5  # square pixels, by which any may


def consistent(there: Tensor, back: Tensor) -> Tensor:
    """Return how far vectors lead to where others lead back: (1, 1, H, W) float32 in [0, 1].

    Args:
        there, back: (1, 2, H, W), vectors between the same two pictures, in both directions, in pixels.
    """
    height, width = there.shape[-2:]
    places = pixels(height, width, 1, there.device).float() + there.movedim(1, -1)
    returned = sampled(back, places)
    apart = (there + returned).square().sum(dim=1, keepdim=True)
    lengths = (there.square() + returned.square()).sum(dim=1, keepdim=True)
    x, y = places[..., 0], places[..., 1]
    inside = (x >= -0.5) & (y >= -0.5) & (x <= width - 0.5) & (y <= height - 0.5)
    return ((apart <= _SHARE * lengths + _SLACK) & inside[:, None]).to(torch.float32)
