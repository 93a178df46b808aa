"""Pictures as networks see them, which estimate depth at sizes of their own."""

import torch
import torch.nn.functional as F
from torch import Tensor

from render.device.copies import like

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet


def normalised(image: Tensor, height: int, width: int) -> Tensor:
    """Return pictures (B, 3, H, W) in [0, 1] as (B, 3, height, width) float32 with the mean and spread of ImageNet."""
    picture = image.float()
    if picture.shape[-2:] != (height, width):
        picture = F.interpolate(picture, size=(height, width), mode="bicubic", antialias=True, align_corners=False)
    mean, std = (like(picture, numbers).view(1, 3, 1, 1) for numbers in (_MEAN, _STD))
    return (picture.clamp(0.0, 1.0) - mean) / std


def on_pixels(found: Tensor, image: Tensor) -> Tensor:
    """Return what a network found, (B, h, w), for every pixel of the pictures: (B, H, W) float32."""
    wide = found.float().unsqueeze(1)
    if wide.shape[-2:] != image.shape[-2:]:
        wide = F.interpolate(wide, size=image.shape[-2:], mode="bicubic", align_corners=False)
    return wide.squeeze(1).contiguous()


def multiple(side: float, unit: int, most: int | None = None) -> int:
    """Round a side to whole units, at least one, and down if that is more than `most`."""
    rounded = round(side / unit) * unit
    if most is not None and rounded > most:
        rounded = int(side // unit) * unit
    return max(unit, rounded)


def in_float32(device: torch.device) -> torch.autocast:
    """Return a context in which networks compute in float32, whatever surrounds it."""
    return torch.autocast(device.type, enabled=False)
