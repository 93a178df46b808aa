"""Move the colours of a picture so that its statistics become another's."""

import torch
from torch import Tensor

from render.device.copies import like
from render.guidance.colour.statistics import BINS, RANGES, Statistics
from render.kernels.exact import exact

LEVEL = 1 / 255  # spreads below one 8-bit level are not amplified: there is nothing in them but rounding


def by_statistics(lab: Tensor, found: Statistics, wanted: Statistics) -> Tensor:
    """Give OKLab pictures (B, 3, H, W) the wanted mean and covariance by the linear map that moves colours least.

    A grey picture is not made colourful by amplifying its noise: to both covariances an eighth of an 8-bit level is
    added as noise would be, so a spread far above it arrives exactly enough.

    Args:
        found: of `lab`.

    Source: Pitié and Kokaram, "The linear Monge-Kantorovitch linear colour mapping for example-based colour transfer"
    (2007), the closed form for two normal distributions.
    """
    source_mean, source, target_mean, target = (
        part.to(exact(lab.device)).double() for part in (found.mean, found.covariance, wanted.mean, wanted.covariance)
    )
    ridge = (LEVEL / 8) ** 2 * torch.eye(3, dtype=torch.float64, device=source.device)
    source, target = source + ridge, target + ridge
    root, inverse = _roots(source)
    linear = inverse @ _roots(root @ target @ root)[0] @ inverse
    offset, linear = (
        part.to(lab.dtype).to(lab.device)
        for part in (target_mean - (linear @ source_mean.unsqueeze(2)).squeeze(2), linear)
    )
    moved = torch.baddbmm(offset.unsqueeze(2), linear, lab.flatten(2))
    return moved.view_as(lab)


def by_histogram(lab: Tensor, found: Statistics, wanted: Statistics) -> Tensor:
    """Give each channel of OKLab pictures (B, 3, H, W) the wanted histogram, keeping the order of its values.

    Args:
        found: of `lab`.

    Source: histogram specification, Gonzalez and Woods, "Digital Image Processing", linear inside the bins.
    """
    low, high = like(lab, RANGES).T.unsqueeze(2)
    edges = torch.linspace(0.0, 1.0, BINS + 1, dtype=lab.dtype, device=lab.device).expand(*lab.shape[:2], -1)
    moved_edges = _interpolated(_cumulative(found), _cumulative(wanted), edges)
    position = ((lab.flatten(2) - low) / (high - low) * BINS).clamp(0.0, BINS)
    number = position.long().clamp(max=BINS - 1)
    below, above = moved_edges.gather(2, number), moved_edges.gather(2, number + 1)
    return torch.addcmul(low, high - low, torch.lerp(below, above, position - number)).view_as(lab)


def with_spread(lab: Tensor, found: Statistics, spread: float) -> Tensor:
    """Scale the lightness of OKLab pictures (B, 3, H, W) about its mean to a standard deviation of `spread`.

    Args:
        found: of `lab`.
    """
    factor = spread / found.covariance[:, 0, 0].clamp(min=LEVEL**2).sqrt()
    lightness = found.mean[:, 0].view(-1, 1, 1, 1)
    scaled = lightness + factor.view(-1, 1, 1, 1) * (lab[:, :1] - lightness)
    return torch.cat([scaled, lab[:, 1:]], dim=1)


def _roots(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the square root of symmetric positive definite matrices (B, 3, 3), and its inverse."""
    values, vectors = torch.linalg.eigh(matrix)
    values = values.clamp(min=1e-12).sqrt()
    turned = vectors.transpose(1, 2)
    return vectors * values.unsqueeze(1) @ turned, vectors / values.unsqueeze(1) @ turned


def _cumulative(statistics: Statistics) -> Tensor:
    """Return the shares of pixels below every edge of the bins, (B, 3, BINS + 1), strictly increasing from 0 to 1."""
    shares = statistics.histogram + 1e-6
    total = shares.cumsum(dim=2)
    return torch.cat([torch.zeros_like(total[..., :1]), total / total[..., -1:]], dim=2).contiguous()


def _interpolated(at: Tensor, xs: Tensor, ys: Tensor) -> Tensor:
    """Interpolate (xs, ys) (B, 3, K) linearly at (B, 3, N); `xs` increase."""
    above = torch.searchsorted(xs, at, right=True).clamp(1, xs.shape[2] - 1)
    left, right = xs.gather(2, above - 1), xs.gather(2, above)
    low, high = ys.gather(2, above - 1), ys.gather(2, above)
    return torch.lerp(low, high, ((at - left) / (right - left)).clamp(0.0, 1.0))
