"""Where all of several regions are: the smallest of their values."""

import functools

import torch
from torch import Tensor

from render.guidance.regions import Frame
from render.spec.regions import Region


def mask(region: Region, places: Tensor, frame: Frame) -> Tensor:
    """See the contract."""
    return functools.reduce(torch.minimum, (frame.draw(part, places) for part in region.parts))
