"""Continue values smoothly from where they are known, and join two pictures without a seam."""

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


def joined(outer: Tensor, inner: Tensor, inside: Tensor, rim: int) -> Tensor:
    """Show `inner` inside of an area and `outer` outside of it, without a seam.

    Where both are known, deeper inside than `rim`, their difference is measured and spread, smoothly, to the outside.
    Within `rim` the picture is the corrected `outer`, then a mixture: a decoder's outermost pixels are wrong, since
    its convolutions see zeros beyond them.

    Args:
        outer, inner: (B, C, H, W); outside of the area, `inner` is ignored.
        inside: (B, 1, H, W), 1 in the area and 0 outside.
        rim: in pixels, at least 1.

    Source: Farbman et al., "Coordinates for Instant Image Cloning" (2009), with pull-push for the membrane.
    """
    deep = _eroded(inside, rim)
    share = F.avg_pool2d(deep, 2 * rim + 1, 1, rim, count_include_pad=False) * deep
    ring = deep - _eroded(deep, 2 * rim)
    moved = outer + spread((inner - outer) * ring, ring)
    return torch.lerp(moved, torch.where(inside > 0, inner, moved), share)


def _halved(field: Tensor) -> Tensor:
    """Return means over cells of 2 x 2; where a side is odd, the last cells are narrower."""
    return F.avg_pool2d(field, 2, ceil_mode=True)


def _eroded(area: Tensor, depth: int) -> Tensor:
    """Return what of an area lies deeper inside than `depth`; the tensor's own border is no border of the area."""
    return -F.max_pool2d(-area, 2 * depth + 1, 1, depth)
