"""Symmetry: a turn by 60 degrees about the centre changes nothing, as in a kaleidoscope."""

import math

import torch
from torch import Tensor

from render.guidance.losses import LossInputs
from render.kernels.sampling import sampled

FOLDS = 6


def loss(inputs: LossInputs) -> Tensor:
    """Return the mean squared difference to the picture turned about its centre by 60, 120 and 180 degrees: (B,).

    Turning the other way gives the same differences. What is turned out of the frame is left out.
    """
    turns = [_difference(inputs.image, 2 * math.pi * turn / FOLDS) for turn in range(1, FOLDS // 2 + 1)]
    return torch.stack(turns).mean(dim=0)


def _difference(image: Tensor, angle: float) -> Tensor:
    """Return the mean squared difference of (B, C, H, W) to itself turned by `angle` radians, where both are: (B,)."""
    places = _turned(image, angle)
    both = (places.abs() <= 1).all(dim=-1)
    turned = sampled(image, places.expand(len(image), -1, -1, -1), "border")
    return ((image - turned).square() * both).sum(dim=(1, 2, 3)) / (both.sum() * image.shape[1])


def _turned(image: Tensor, angle: float) -> Tensor:
    """Return where every pixel is read from, in [-1, 1] if inside: (1, H, W, 2). Made on the device, without a copy."""
    height, width = image.shape[-2:]
    across, down = (torch.arange(size, device=image.device) + 0.5 - size / 2 for size in (width, height))
    y, x = torch.meshgrid(down, across, indexing="ij")
    read = (math.cos(angle) * x - math.sin(angle) * y, math.sin(angle) * x + math.cos(angle) * y)
    return torch.stack([2 / width * read[0], 2 / height * read[1]], dim=-1).to(image.dtype).unsqueeze(0)
