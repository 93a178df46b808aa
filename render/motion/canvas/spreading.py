"""Continue values smoothly from where they are known, and join two pictures without a seam."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


def spread(values: Tensor, known: Tensor) -> Tensor:
    """Fill what is unknown with averages of what is known, over surroundings that grow with the distance.

    Args:
        values: (B, C, H, W).
        known: (B, 1, H, W), 1 where a value counts and 0 where it is ignored.

    Returns:
        (B, C, H, W), `values` where they are known.

    Source: pull-push, Gortler et al., "The Lumigraph" (1996).
    """
    if max(values.shape[-2:]) == 1:
        return values
    weight = _halved(known)
    coarse = spread(_halved(values * known) / weight.clamp_min(1e-6), (weight * 4).clamp_max(1.0))
    filled = F.interpolate(coarse, size=values.shape[-2:], mode="bilinear", align_corners=False)
    return torch.lerp(filled, values, known)


@dataclass(frozen=True, kw_only=True)
class Joint:
    """How two pictures are joined at the border of an area.

    Attributes:
        correction: (B, C, H, W), what is added to the outer picture, so that it meets the inner one.
        share: (B, 1, H, W) in [0, 1], how much of the inner picture is shown.
    """

    correction: Tensor
    share: Tensor

    def joined(self, outer: Tensor, inner: Tensor) -> Tensor:
        """Return a picture (B, C, H, W) in [0, 1]."""
        return torch.lerp(outer + self.correction, inner, self.share).clamp(0.0, 1.0)


def joint(outer: Tensor, inner: Tensor, inside: Tensor, rim: int) -> Joint:
    """Find how to show `inner` inside of an area and `outer` outside of it, without a seam.

    Their difference is measured inside, where both are known, and spread to the outside. Within `rim` of the area's
    border the picture is the corrected `outer`, then a mixture: a decoder's outermost pixels are wrong, since its
    convolutions see zeros beyond them.

    Args:
        outer, inner: (B, C, H, W); what `inner` shows outside of the area does not count.
        inside: (B, 1, H, W), 1 in the area and 0 outside.
        rim: in pixels, at least 1.

    Source: Farbman et al., "Coordinates for Instant Image Cloning" (2009), with pull-push for the membrane.
    """
    deep = _eroded(inside, rim)
    ring = deep - _eroded(deep, 3 * rim)
    share = F.avg_pool2d(deep, 2 * rim + 1, 1, rim, count_include_pad=False) * deep
    return Joint(correction=spread((inner - outer) * ring, ring), share=share)


def _halved(field: Tensor) -> Tensor:
    """Return means over cells of 2 x 2; where a side is odd, the last cells are narrower."""
    return F.avg_pool2d(field, 2, ceil_mode=True)


def _eroded(area: Tensor, depth: int) -> Tensor:
    """Return what of an area lies deeper inside than `depth`; the tensor's own border is no border of the area."""
    return -F.max_pool2d(-area, 2 * depth + 1, 1, depth)
