"""A video of which white counts, fitted to the frame; after its end its last frame stays."""

from torch import Tensor

from render.guidance.regions import Frame, sampled
from render.spec.regions import Region


def mask(region: Region, places: Tensor, frame: Frame) -> Tensor:
    """See the contract."""
    assert region.file is not None
    (seconds,) = region.numbers
    return sampled(frame.read(region.file, seconds), places)
