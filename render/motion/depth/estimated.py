"""What a model estimates of a room, in one range from the first estimate on, and smoothed over time.

An estimate has a scale and a zero of its own in every picture. The first one is stretched so that nearly all of it is
between the distances `near` and `far`; later ones get the same middle and spread, so that the room does not breathe.

Convention: nearness is (B, H, W) float32, the inverse of how far ahead of the camera everything in a picture is.

Source of the middle and spread: Ranftl et al., "Towards Robust Monocular Depth Estimation" (2020), with a mean instead
of the median, which jumps between two things of about the same size; outliers are cut off for it.
"""

import torch
from torch import Tensor

from render.spec.camera import Depth

_LEAST, _MOST = 0.02, 0.98  # shares of the pixels that are farther than `far`, and than `near`
_BEYOND = 2.0  # times nearer than `near` or farther than `far` that things can be
_EVEN = 1e-5  # spread, as a share of the values, of a picture in which everything is equally far


def first(found: Tensor, depth: Depth) -> tuple[Tensor, Tensor]:
    """Return the nearness of a room's first estimate, and its level (B, 2): its middle and spread.

    Args:
        found: (B, H, W) float32, larger is nearer.
    """
    low, high = _edges(found.flatten(1))
    far, near = 1 / depth.far, 1 / depth.near
    scale = (near - far) / _not_even(high - low, torch.maximum(high.abs(), low.abs()))
    nearness = far + (found - low[:, None, None]) * scale[:, None, None]
    nearness = _within(nearness, depth)
    return nearness, _level(nearness)


def again(found: Tensor, level: Tensor, depth: Depth) -> Tensor:
    """Return the nearness of a later estimate, with the level of the first one; `found` as for `first`."""
    own = _level(found)
    middle, spread = (own[:, number, None, None] for number in range(2))
    wanted_middle, wanted_spread = (level[:, number, None, None] for number in range(2))
    scale = wanted_spread / _not_even(spread, middle.abs())
    return _within(wanted_middle + (found - middle) * scale, depth)


def _level(values: Tensor) -> Tensor:
    flat = values.flatten(1)
    flat = flat.clamp(*(edge[:, None] for edge in _edges(flat)))
    middle = flat.mean(dim=1, keepdim=True)
    return torch.cat([middle, (flat - middle).abs().mean(dim=1, keepdim=True)], dim=1)


def _edges(flat: Tensor) -> tuple[Tensor, Tensor]:
    """The values (B,) between which nearly all of (B, N) are."""
    return torch.quantile(flat, _LEAST, dim=1), torch.quantile(flat, _MOST, dim=1)


def _not_even(spread: Tensor, size: Tensor) -> Tensor:
    return torch.maximum(spread, _EVEN * size.clamp_min(_EVEN))


def _within(nearness: Tensor, depth: Depth) -> Tensor:
    return nearness.clamp(1 / (depth.far * _BEYOND), _BEYOND / depth.near)
