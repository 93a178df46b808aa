"""Measure the colours of a picture: mean and covariance, and a histogram of each channel, in OKLab."""

from dataclasses import dataclass

import torch
from torch import Tensor

from render.device.copies import like

BINS = 256
RANGES = ((0.0, 1.0), (-0.4, 0.4), (-0.4, 0.4))  # of L, a and b; sRGB lies inside
_NUMBERS = 1 + 3 + BINS  # per channel


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """The colours of a batch of pictures in OKLab.

    Attributes:
        mean: (B, 3).
        covariance: (B, 3, 3).
        histogram: (B, 3, BINS), shares of the pixels over `RANGES`; each channel adds up to 1.
    """

    mean: Tensor
    covariance: Tensor
    histogram: Tensor

    def packed(self) -> Tensor:
        """All numbers as one tensor (B, 3, 4 + BINS), for a state."""
        return torch.cat([self.mean.unsqueeze(-1), self.covariance, self.histogram], dim=-1)

    @staticmethod
    def unpacked(numbers: Tensor) -> "Statistics":
        """The statistics that `packed` has made a tensor of."""
        assert numbers.shape[-2:] == (3, _NUMBERS)
        return Statistics(mean=numbers[..., 0], covariance=numbers[..., 1:4], histogram=numbers[..., 4:])


def measured(lab: Tensor) -> Statistics:
    """Measure OKLab pictures (B, 3, H, W) or colours (B, 3, 1, N); every pixel counts the same."""
    pixels = lab.flatten(2)
    mean = pixels.mean(dim=2)
    centred = pixels - mean.unsqueeze(2)
    covariance = centred @ centred.transpose(1, 2) / pixels.shape[2]
    return Statistics(mean=mean, covariance=covariance, histogram=_histogram(pixels))


def _histogram(pixels: Tensor) -> Tensor:
    low, high = like(pixels, RANGES).T.unsqueeze(2)
    bins = ((pixels - low) / (high - low) * BINS).long().clamp(0, BINS - 1)
    counts = torch.zeros(*pixels.shape[:2], BINS, dtype=torch.long, device=pixels.device)
    counts.scatter_add_(2, bins, torch.ones_like(bins))  # of integers: the same in any order
    return counts.to(pixels.dtype) / pixels.shape[2]
