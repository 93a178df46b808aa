"""A disc: its middle in shares of the picture, and its radius as a share of the shorter side."""

from torch import Tensor

from render.guidance.regions import Frame, from_middle
from render.spec.regions import Region


def mask(region: Region, places: Tensor, frame: Frame) -> Tensor:
    """See the contract; the edge is one pixel wide."""
    distance, radius = from_middle(region, places, frame.size)
    return (radius - distance + 0.5).clamp(0.0, 1.0)
