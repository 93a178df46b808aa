"""What is done to cutouts so that guidance cannot cheat one view: flip, turn, noise.

Few are needed with a robust image tower; each is drawn from the frame's own generator (kornia's
augmentations draw from the global one).
"""

import math

import torch
from torch import Tensor

FLIP_SHARE = 0.5
TURN_SHARE = 0.4
LARGEST_TURN = math.radians(10)
LARGEST_NOISE = 0.05  # standard deviation, on [0, 1]


def jitter(batch: int, count: int, generator: torch.Generator) -> Tensor:
    """Random mirror images and turns of at most 10 degrees: (batch, count, 3, 3)."""
    device = generator.device
    drawn = torch.rand(batch, count, 3, generator=generator, device=device)
    mirror = torch.where(drawn[..., 0] < FLIP_SHARE, -1.0, 1.0)
    turn = (drawn[..., 1] < TURN_SHARE) * LARGEST_TURN * (2 * drawn[..., 2] - 1)
    matrix = torch.zeros(batch, count, 3, 3, device=device)
    matrix[..., 0, 0] = turn.cos() * mirror
    matrix[..., 0, 1] = -turn.sin()
    matrix[..., 1, 0] = turn.sin() * mirror
    matrix[..., 1, 1] = turn.cos()
    matrix[..., 2, 2] = 1.0
    return matrix


def noise(cutouts: Tensor, generator: torch.Generator) -> Tensor:
    """Add Gaussian noise of a random strength per cutout to (B, N, 3, S, S)."""
    shape = (*cutouts.shape[:2], 1, 1, 1)
    strength = LARGEST_NOISE * torch.rand(shape, generator=generator, device=cutouts.device)
    return cutouts + strength * torch.randn(cutouts.shape, generator=generator, device=cutouts.device)
