"""Views of a training picture: crops like the renderer's cutouts, blur, flips, rotations, brightness and noise."""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

GROUPS = 8
"""Parts of a batch that share one crop, angle and light: cheap, and varied enough over a run."""

FLATTEST = 9 / 16
"""Of a view that is squeezed into a square, as the renderer squeezes the whole of a wide picture."""


def resize(images: Tensor, side: int) -> Tensor:
    """Antialiased bilinear resampling to (side, side)."""
    return F.interpolate(images, size=(side, side), mode="bilinear", antialias=True, align_corners=False)


def turn(images: Tensor, degrees: float) -> Tensor:
    """Rotate about the centre, the border mirrored."""
    a = math.radians(degrees)
    matrix = torch.tensor([[[math.cos(a), -math.sin(a), 0.0], [math.sin(a), math.cos(a), 0.0]]]).expand(
        len(images), -1, -1
    )
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def _view(images: Tensor, side: int, smallest: float, squeezed: float, rng: np.random.Generator) -> Tensor:
    full = images.shape[-1]
    size = int(full * rng.uniform(smallest, 1)) if rng.random() < 0.7 else full
    height = int(size * rng.uniform(FLATTEST, 1)) if rng.random() < squeezed else size
    y, x = rng.integers(0, full - height + 1), rng.integers(0, full - size + 1)
    images = images[:, :, y : y + height, x : x + size]
    if rng.random() < 0.25:
        images = resize(images, int(rng.choice([16, 24, 32, 40])))
    images = resize(images, side)
    if rng.random() < 0.5:
        images = images.flip(3)
    if rng.random() < 0.25:
        images = turn(images, rng.uniform(-12, 12))
    images = images * rng.uniform(0.88, 1.12) + rng.uniform(-0.04, 0.04)
    return images + float(rng.choice([0, 0, 0.03, 0.08])) * torch.randn_like(images)


def augment(images: Tensor, side: int, smallest: float, squeezed: float, rng: np.random.Generator) -> Tensor:
    """Random views (N, 3, side, side) in [0, 1] of at least `smallest` of the side, a share `squeezed` of them flat.

    Parts of the batch share one view.
    """
    parts = torch.split(images, max(1, -(-len(images) // GROUPS)))
    return torch.cat([_view(part, side, smallest, squeezed, rng) for part in parts]).clamp(0, 1)
