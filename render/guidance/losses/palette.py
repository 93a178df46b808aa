"""Pull every pixel towards the nearest colour of `colour.palette`."""

import torch
from torch import Tensor

from render.guidance.colour.lock import squared_distances
from render.guidance.colour.spaces import oklab
from render.guidance.losses import LossInputs

ROUNDING = 0.01  # of the distance near 0, where its gradient would jump
SOFTNESS = 0.01  # of squared distances in OKLab: within about 0.1 of the nearest colour, others count as well


def loss(inputs: LossInputs) -> Tensor:
    """Return the mean distance of pixels in OKLab to the palette, its colours weighted by nearness: (B,).

    The weights are a softmax, so a pixel between two colours is not torn; they have no gradient of their own, which
    would push pixels away from colours that are far.
    """
    assert inputs.palette is not None  # a schedule with this loss has one
    pixels = oklab(inputs.image).flatten(2).transpose(1, 2)
    distances = squared_distances(pixels, inputs.palette)
    nearness = torch.softmax(-distances.detach() / SOFTNESS, dim=2)
    rounded = (distances + ROUNDING**2).sqrt() - ROUNDING
    return (nearness * rounded).sum(dim=2).mean(dim=1)
