"""A gradient along a line: from 0 at its first point to 1 at its second, in shares of the picture."""

from torch import Tensor

from render.guidance.regions import Frame
from render.spec.regions import Region


def mask(region: Region, places: Tensor, frame: Frame) -> Tensor:
    """See the contract; it is perpendicular to the line in pixels, whatever the shape of the picture."""
    width, height = frame.size
    from_x, from_y, to_x, to_y = region.numbers
    across, down = (to_x - from_x) * width, (to_y - from_y) * height
    along = (places[..., 0] - from_x) * width * across + (places[..., 1] - from_y) * height * down
    return (along / max(across * across + down * down, 1e-6)).clamp(0.0, 1.0)
