"""A gradient from 1 in the middle to 0 at the radius, which is a share of the shorter side; the middle is in shares."""

from torch import Tensor

from render.guidance.regions import Frame, from_middle
from render.spec.regions import Region


def mask(region: Region, places: Tensor, frame: Frame) -> Tensor:
    """See the contract."""
    distance, radius = from_middle(region, places, frame.size)
    return (1 - distance / max(radius, 1e-6)).clamp(0.0, 1.0)
