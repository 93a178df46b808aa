"""What a text describes, where it is found in the picture."""

from torch import Tensor

from render.guidance.regions import Frame, sampled
from render.spec.regions import Region


def mask(region: Region, places: Tensor, frame: Frame) -> Tensor:
    """See the contract."""
    return sampled(frame.find(region.text), places)
