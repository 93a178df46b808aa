"""The colours of picture files that a schedule names."""

import functools

import torch
import torch.nn.functional as F

from render.guidance.colour.spaces import oklab
from render.guidance.colour.statistics import Statistics, measured
from render.guidance.pictures import pixels
from render.spec.pictures import ImageFile

SIDE = 512  # pixels: statistics do not need more


@functools.lru_cache(maxsize=16)
def statistics(file: ImageFile, device: torch.device) -> Statistics:
    """Measure a picture's colours. Raises as `render.guidance.pictures.pixels` does."""
    image = pixels(file).to(device)
    scale = SIDE / max(image.shape[-2:])
    if scale < 1:
        size = [max(1, round(side * scale)) for side in image.shape[-2:]]
        image = F.interpolate(image, size=size, mode="area")
    return measured(oklab(image))
