"""The colours of picture files that a schedule names."""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

from render.errors import RunError
from render.guidance.colour.spaces import oklab
from render.guidance.colour.statistics import Statistics, measured
from render.models.model import sha256
from render.spec.pictures import ImageFile

SIDE = 512  # pixels: statistics do not need more


def read(file: ImageFile) -> Tensor:
    """Read a picture as (1, 3, H, W) in [0, 1].

    Raises:
        InputError: it cannot be read.
        RunError: it has changed since the schedule was read.
    """
    from render.files.images import load_image  # imports Pillow, only if a picture is used

    if sha256(file.path) != file.sha256:
        raise RunError(f"{file.path}: has changed since the schedule was read; run again")
    return torch.from_numpy(load_image(file.path)).movedim(-1, 0).unsqueeze(0)


@functools.lru_cache(maxsize=16)
def statistics(file: ImageFile, device: torch.device) -> Statistics:
    """Measure a picture's colours. Raises as `read` does."""
    image = read(file).to(device)
    scale = SIDE / max(image.shape[-2:])
    if scale < 1:
        size = [max(1, round(side * scale)) for side in image.shape[-2:]]
        image = F.interpolate(image, size=size, mode="area")
    return measured(oklab(image))
