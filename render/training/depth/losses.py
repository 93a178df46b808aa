"""What the depth network learns by: scale- and shift-invariant losses, and the error that it is measured by.

Source: Ranftl et al., "Towards Robust Monocular Depth Estimation" (2020): `trimmed_error` is its L_ssitrim, with
another share trimmed, and `gradient_error` its L_reg. They normalise by the median and mean absolute deviation. Here
mean and standard deviation do: drawn scenes have no wrong pixels, and the gradient of a median is all in one pixel.
Nearness is (B, h, w).
"""

import torch
from torch import Tensor

_LEAST = 1e-3
_SCALES = 4


def normalised(nearness: Tensor) -> Tensor:
    """Return nearness with mean 0 and standard deviation 1 in every picture."""
    flat = nearness.flatten(1)
    centred = flat - flat.mean(dim=1, keepdim=True)
    spread = (centred.square().mean(dim=1, keepdim=True) + _LEAST**2).sqrt()
    return (centred / spread).view_as(nearness)


def trimmed_error(found: Tensor, true: Tensor, trimmed: float) -> Tensor:
    """Return the mean absolute difference of normalised nearness, without the share of pixels that fit least."""
    gaps = (found - true).abs().flatten(1)
    kept = max(1, round(gaps.shape[1] * (1 - trimmed)))
    return gaps.topk(kept, dim=1, largest=False).values.mean()


def gradient_error(found: Tensor, true: Tensor) -> Tensor:
    """Return how much the slopes of normalised nearness differ, at four scales."""
    gap, total = found - true, found.new_zeros(())
    for _ in range(_SCALES):
        across, down = (gap[:, :, 1:] - gap[:, :, :-1]).abs(), (gap[:, 1:] - gap[:, :-1]).abs()
        total = total + across.mean() + down.mean()
        gap = gap[:, ::2, ::2]
    return total


def unexplained(found: Tensor, true: Tensor) -> Tensor:
    """Return what is left of the true nearness once the best scale, at least 0, and shift are taken of what is found.

    Returns:
        (B,), the standard deviation of the rest, in that of the truth: 0 is perfect; 1 is no better than a wall.
    """
    x, y = (part.flatten(1).double() for part in (found, true))
    x, y = x - x.mean(dim=1, keepdim=True), y - y.mean(dim=1, keepdim=True)
    spread = (x.square().sum(dim=1) * y.square().sum(dim=1)).sqrt()
    fit = ((x * y).sum(dim=1) / spread.clamp_min(1e-12)).clamp(0, 1)
    return torch.sqrt(1 - fit.square())
