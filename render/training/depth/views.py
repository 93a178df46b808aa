"""Views of scenes for the depth network: crops of every shape, tilted now and then, and pictures as videos have them.

A renderer's frames are softer, noisier and stranger in colour than scenes are.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from render.training.depth.scenes import DepthScenes

SIZES = ((96, 128), (64, 128), (128, 128), (96, 96), (128, 96), (96, 160), (160, 96), (64, 96))
"""(height, width) of views in pixels; a batch has one of them."""

_SMALLEST = 0.55  # share of the picture's side that a view shows at least
_STRETCH = 0.15
_TILT = 15.0  # degrees
_SHOWN = 0.8  # share of the scenes that the VQGAN has shown of which its picture is taken


@dataclass(frozen=True, kw_only=True)
class Views:
    """A batch: pictures (B, 3, h, w) in [0, 1], and nearness (B, h / 2, w / 2) in [0, 1]."""

    pictures: Tensor
    nearness: Tensor


def views(scenes: DepthScenes, rows: np.ndarray, shown: int, rng: np.random.Generator) -> Views:
    """Make a view of each of the scenes.

    Args:
        shown: how many scenes, the first ones, the VQGAN has shown.
    """
    height, width = SIZES[rng.integers(len(SIZES))]
    taken = [(scenes.seen if row < shown and rng.random() < _SHOWN else scenes.pictures)[row] for row in rows]
    pictures = torch.from_numpy(np.stack(taken)).movedim(-1, 1).float() / 255
    nearness = torch.from_numpy(scenes.nearness[rows])[:, None].float() / 255
    matrices = torch.stack([_crop(height / width, rng) for _ in rows])
    grid = F.affine_grid(matrices, [len(rows), 1, height, width], align_corners=False)
    both = F.grid_sample(torch.cat([pictures, nearness], 1), grid, padding_mode="reflection", align_corners=False)
    return Views(pictures=spoilt(both[:, :3], rng), nearness=F.avg_pool2d(both[:, 3:], 2)[:, 0])


def _crop(shape: float, rng: np.random.Generator) -> Tensor:
    """The matrix (2, 3) of a crop, `shape` times as high as wide, mirrored in half of the cases."""
    share = rng.uniform(_SMALLEST, 1)
    high, wide = share * min(1, shape), share * min(1, 1 / shape)
    high *= rng.uniform(1 - _STRETCH, 1)
    x, y = rng.uniform(wide - 1, 1 - wide), rng.uniform(high - 1, 1 - high)
    turn = math.radians(rng.uniform(-_TILT, _TILT)) if rng.random() < 0.3 else 0.0
    flip = rng.choice([-1, 1])
    cos, sin = math.cos(turn), math.sin(turn)
    return torch.tensor([[flip * wide * cos, -high * sin, x], [flip * wide * sin, high * cos, y]], dtype=torch.float32)


def spoilt(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Pictures (B, 3, h, w) with other colours, blur, blotches and noise, each of its own strength."""
    batch, _, height, width = pictures.shape

    def strength(high: float, share: float) -> Tensor:
        values = rng.uniform(0, high, batch) * (rng.random(batch) < share)
        return torch.from_numpy(values).float().view(batch, 1, 1, 1)

    def noise(*shape: int) -> Tensor:
        return torch.from_numpy(rng.standard_normal((batch, *shape), dtype=np.float32))

    if rng.random() < 0.5:
        factor = rng.uniform(1.5, 5)
        small = F.interpolate(pictures, scale_factor=1 / factor, mode="bilinear", antialias=True)
        pictures = F.interpolate(small, size=(height, width), mode="bilinear", align_corners=False)
    mixed = torch.eye(3) + strength(0.25, 0.5)[..., 0] * noise(3, 3)
    pictures = torch.einsum("bij,bjhw->bihw", mixed, pictures)
    grey = pictures.mean(1, keepdim=True)
    pictures = grey + (pictures - grey) * (1 + strength(1.0, 0.4) - strength(1.0, 0.4))
    pictures = (pictures - 0.5) * (1 + strength(0.8, 0.4) - strength(0.6, 0.4)) + 0.5
    pictures = pictures + strength(0.3, 0.5) - strength(0.3, 0.5)
    blotches = F.interpolate(noise(3, *rng.integers(4, 20, 2)), size=(height, width), mode="bilinear")
    return (pictures + strength(0.08, 0.4) * blotches + strength(0.06, 0.4) * noise(3, height, width)).clamp(0, 1)
