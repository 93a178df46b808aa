"""Scale a part of a picture, cut out between pixels.

Source: Keys, "Cubic convolution interpolation for digital image processing" (1981), a = -0.5, widened where it makes
    smaller, as PIL and `torch.nn.functional.interpolate(antialias=True)` do, which cut between pixels only.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

_EXACT = 1e-6  # pixels


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of one axis that is sampled.

    Attributes:
        start: where it begins, in pixels from the picture's edge.
        length: in pixels.
        count: into how many pixels it is resampled.
    """

    start: float
    length: float
    count: int


def resampled(picture: Tensor, across: Span, down: Span) -> Tensor:
    """Resample a part of a picture (B, C, h, w) in [0, 1]: (B, C, down.count, across.count) in [0, 1].

    A part that lies on whole pixels and keeps its size is only cut out. Beyond its edge the picture continues as there.
    """
    return _along(_along(picture, down, -2), across, -1).clamp(0.0, 1.0)


def _along(picture: Tensor, span: Span, axis: int) -> Tensor:
    have = picture.shape[axis]
    start = round(span.start)
    is_cut = abs(span.length - span.count) < _EXACT and abs(span.start - start) < _EXACT
    if is_cut and 0 <= start <= have - span.count:
        return picture.narrow(axis, start, span.count)
    places, weights = _taps(span, have)
    shape = (-1, 1) if axis == -2 else (-1,)
    result: Tensor | None = None
    for place, weight in zip(places.to(picture.device), weights.to(picture.dtype).to(picture.device), strict=True):
        part = picture.index_select(axis, place) * weight.view(shape)
        result = part if result is None else result.add_(part)
    assert result is not None
    return result


def _taps(span: Span, have: int) -> tuple[Tensor, Tensor]:
    """Return which pixels each new one is made of and how much of each, both (taps, count)."""
    scale = span.length / span.count
    wide = max(1.0, scale)
    centres = span.start + (torch.arange(span.count, dtype=torch.float64) + 0.5) * scale
    first = (centres - 2 * wide).floor()
    reach = torch.arange(int(4 * wide) + 2, dtype=torch.float64)[:, None]
    places = first + reach
    weights = _cubic((places + 0.5 - centres).abs() / wide)
    return places.clamp(0, have - 1).long(), weights / weights.sum(dim=0)


def _cubic(x: Tensor) -> Tensor:
    near = (1.5 * x - 2.5) * x**2 + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x <= 1, near, torch.where(x < 2, far, 0.0))
