"""Check motion forwards and backwards against each other: what one picture hides from the other matches nothing in it.

Source: Sundaram, Brox, Keutzer, "Dense Point Trajectories by GPU-Accelerated Large Displacement Optical Flow" (2010).
What differs: a ramp instead of a threshold, so that an edge of what is hidden does not flicker; and cuts are found.
"""

import torch
from torch import Tensor

from render.motion.displacements import pixels
from render.motion.displacements.flow import sampled

SHARE = 0.01  # of the squared lengths of both vectors, by which they may differ
SLACK = 0.5  # square pixels, by which any may
CUT = 1 / 3  # measured: less than 0.21 agrees across a cut, more than 0.85 within a shot of moderate motion


def consistent(there: Tensor, back: Tensor) -> Tensor:
    """Return how far vectors lead to where others lead back: (1, 1, H, W) float32 in [0, 1].

    It is 1 where they differ by less than half of the bound of Sundaram et al., 0 beyond one and a half, and where a
    vector leaves the picture. Where less than `CUT` of the picture agrees, the two pictures show different things, and
    it is 0 everywhere.

    Args:
        there, back: (1, 2, H, W), vectors between the same two pictures, in both directions, in pixels.
    """
    height, width = there.shape[-2:]
    places = pixels(height, width, 1, there.device).to(there) + there.movedim(1, -1)
    returned = sampled(back, places)
    apart = (there + returned).square().sum(dim=1, keepdim=True)
    lengths = (there.square() + returned.square()).sum(dim=1, keepdim=True)
    x, y = places[:, None, ..., 0], places[:, None, ..., 1]
    inside = (x >= -0.5) & (y >= -0.5) & (x <= width - 0.5) & (y <= height - 0.5)
    agree = (1.5 - apart / (SHARE * lengths + SLACK)).clamp(0.0, 1.0) * inside
    return agree if agree.mean() >= CUT else torch.zeros_like(agree)
