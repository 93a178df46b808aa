"""How far the previous picture shows what is at each pixel of the new one."""

import torch
from torch import Tensor

from render.device.copies import like
from render.motion.displacements import Displacement, pixels


def inside(motion: Displacement, picture: Tensor, margin: float, least: float = 0.0) -> Tensor:
    """Return how far each pixel comes from within the previous picture: (B, 1, H, W), from `least` outside to 1.

    Args:
        picture: (B, C, H, W), the previous one.
        margin: pixels over which it grows to 1, from one pixel beyond the picture's edge inwards.
    """
    height, width = picture.shape[-2:]
    positions = motion.positions(height, width, 1, picture.device)
    if positions is None:
        return picture.new_ones(len(picture), 1, height, width)
    far = like(positions, [width - 1, height - 1])
    nearest = torch.minimum(positions, far - positions).amin(dim=-1)  # pixels from the nearest edge
    return ((nearest + 1) / margin).clamp(least, 1.0).to(picture).unsqueeze(1)


def trusted(motion: Displacement, picture: Tensor) -> Tensor:
    """Return how far the previous picture, moved, can stand for the new one: (B, 1, H, W) in [0, 1].

    It cannot where it was hidden, where the motion is not known, and where it would be read beyond its edge.

    Args:
        picture: (B, C, H, W), the previous one.
    """
    seen = motion.visible(pixels(picture.shape[-2], picture.shape[-1], 1, picture.device))
    within = inside(motion, picture, 1.0)
    return within if seen is None else within * seen.to(picture)
