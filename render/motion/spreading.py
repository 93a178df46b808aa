"""Continue values into places where they are not known."""

import torch
import torch.nn.functional as F
from torch import Tensor

FEWEST = 0.3  # the share of a picture that must be known, or what is known does not stand for the rest


def spread(values: Tensor, known: Tensor) -> Tensor:
    """Return values (B, C, H, W) everywhere: as they are where they are known, and smooth between and beyond.

    Where less than `FEWEST` of a picture is known, as after a cut, they fade to 0.

    Args:
        known: (B, 1, H, W) in [0, 1].

    Source: push and pull of Gortler, Grzeszczuk, Szeliski, Cohen, "The Lumigraph" (1996).
    """
    enough = (known.mean(dim=(1, 2, 3), keepdim=True) / FEWEST).clamp(max=1)
    return enough * _filled(values, known)


def _filled(values: Tensor, known: Tensor) -> Tensor:
    height, width = values.shape[-2:]
    if max(height, width) == 1:
        return values * known
    even = (0, width % 2, 0, height % 2)
    total = 4 * F.avg_pool2d(F.pad(known, even), 2)
    mean = 4 * F.avg_pool2d(F.pad(values * known, even), 2) / total.clamp(min=1e-6)
    coarse = _filled(mean, total.clamp(max=1))
    pulled = F.interpolate(coarse, scale_factor=2.0, mode="bilinear", align_corners=False)[..., :height, :width]
    return torch.lerp(pulled, values, known)
