"""Give a picture the colours of another one that shows the same things, as far as that is known."""

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW = 0.12  # radius of the surroundings, as a share of the picture's shorter side
FEWEST = 0.3  # the share of a picture that must be known, or what is known does not stand for the rest
_GRID = 4  # pixels: the maps are found on a coarser grid
_ELSEWHERE = 0.02  # the weight of the whole picture beside that of the surroundings
_NOISE = 4e-3  # the variance of colours below which a map only shifts them


def recoloured(picture: Tensor, known: Tensor, share: Tensor) -> Tensor:
    """Return a picture in the colours that `known` gives to what looks alike around: (B, 3, H, W), not clamped.

    In the surroundings of each pixel, an affine map takes the picture's colours to those of `known`. So a thing beside
    another one gets its own new colours, not those of its neighbour. Where less than `FEWEST` of all is known, as after
    a cut, the picture keeps its colours.

    Args:
        picture: (B, 3, H, W) in [0, 1].
        known: (B, 3, H, W) in [0, 1], the other one.
        share: (B, 1, H, W) in [0, 1], how far it is known.

    Source: the guided filter with a colour guide (He, Sun, Tang, 2013) on a coarser grid (He, Sun, 2015), weighted. Its
        slopes are drawn towards 1 instead of 0: two equal pictures stay equal, whose contrast would else wear off.
    """
    slope, offset = (
        F.interpolate(part, picture.shape[-2:], mode="bilinear", align_corners=False)
        for part in _maps(*_coarse(picture, known, share))
    )
    mapped = torch.einsum("bcdhw,bchw->bdhw", _square(slope), picture) + offset
    enough = (share.mean(dim=(1, 2, 3), keepdim=True) / FEWEST).clamp(max=1)
    return torch.lerp(picture, mapped, enough)


def _maps(picture: Tensor, known: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
    """Return the affine map in each cell: slopes (B, 9, h, w), from and to a channel, and offsets (B, 3, h, w)."""
    squares = torch.einsum("bchw,bdhw->bcdhw", picture, picture).flatten(1, 2)
    products = torch.einsum("bchw,bdhw->bcdhw", picture, known).flatten(1, 2)
    sums = _around(share * torch.cat([torch.ones_like(share), picture, known, squares, products], dim=1))
    means = sums[:, 1:] / sums[:, :1].clamp(min=1e-6)
    before, after, squares, products = means[:, :3], means[:, 3:6], means[:, 6:15], means[:, 15:]
    spread = _square(squares) - before[:, :, None] * before[:, None]
    both = _square(products) - before[:, :, None] * after[:, None]
    noise = _NOISE * torch.eye(3, device=picture.device)
    spread, both = (part.movedim((1, 2), (-2, -1)) + noise for part in (spread, both))
    slope = torch.linalg.solve_ex(spread, both)[0]  # without the check, for which the host would wait
    slope = slope.movedim((-2, -1), (1, 2))
    return slope.flatten(1, 2), after - torch.einsum("bcdhw,bchw->bdhw", slope, before)


def _square(values: Tensor) -> Tensor:
    """Return (B, 9, h, w) as (B, 3, 3, h, w)."""
    return values.reshape(len(values), 3, 3, *values.shape[-2:])


def _around(values: Tensor) -> Tensor:
    """Return the means over each cell's surroundings, and a little of the mean over the whole picture."""
    radius = max(1, round(WINDOW * min(values.shape[-2:])))
    local = F.avg_pool2d(values, 2 * radius + 1, stride=1, padding=radius, count_include_pad=False)
    return local + _ELSEWHERE * values.mean(dim=(2, 3), keepdim=True)


def _coarse(picture: Tensor, known: Tensor, share: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return all three on the grid: the means of what is known of the pictures in each cell."""
    size = max(1, round(share.shape[-2] / _GRID)), max(1, round(share.shape[-1] / _GRID))
    weight = F.adaptive_avg_pool2d(share, size)
    first, second = (F.adaptive_avg_pool2d(share * part, size) / weight.clamp(min=1e-6) for part in (picture, known))
    return first, second, weight
