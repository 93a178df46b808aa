"""A rectangle: its left, upper, right and lower edge, in shares of the picture."""

from torch import Tensor

from render.guidance.regions import Frame
from render.spec.regions import Region


def mask(region: Region, places: Tensor, frame: Frame) -> Tensor:
    """See the contract; an edge inside a pixel makes it grey."""
    left, upper, right, lower = region.numbers
    (width, height), (x, y) = frame.size, places.unbind(dim=-1)
    across = ((x - left) * width + 0.5).clamp(0.0, 1.0) * ((right - x) * width + 0.5).clamp(0.0, 1.0)
    down = ((y - upper) * height + 0.5).clamp(0.0, 1.0) * ((lower - y) * height + 0.5).clamp(0.0, 1.0)
    return across * down
