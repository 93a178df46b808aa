"""What the area outside the picture shows: one rule per border of `render.spec.BORDERS`."""

import torch
from torch import Tensor

from render.spec import BORDERS


def inside(index: Tensor, count: int, border: str) -> tuple[Tensor, Tensor | float]:
    """Return the pixel to read for `index` on an axis of `count` pixels, and its factor: 0 if the outside is black."""
    if border == "reflect":
        period = max(1, 2 * count - 2)
        folded = index.remainder(period)
        return torch.minimum(folded, period - folded).clamp(max=count - 1), 1.0
    if border == "wrap":
        return index.remainder(count), 1.0
    clamped = index.clamp(0, count - 1)
    if border == "black":
        return clamped, (clamped == index).float()
    if border == "edge":
        return clamped, 1.0
    raise ValueError(f"expected one of the borders {BORDERS}, got '{border}'")
