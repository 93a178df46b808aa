"""Augment cutouts, so that guidance does not optimise a single fixed view: flips, rotations, tilts, tints, noise.

All geometric augmentations are combined into one matrix per cutout and all colour changes into another, however many
are enabled. Random numbers come from the frame's own generator (kornia's augmentations use the global one).
"""

import functools
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from render.rng import Generators, around_zero, normal, uniform

FLIP_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class Strength:
    """The strength of each augmentation. A share is the fraction of cutouts that it is applied to.

    Attributes:
        turn: the largest rotation, in radians.
        shift: the largest shift, in fractions of the cutout's side.
        tilt: the largest perspective: at 0.1 one edge of the cutout is a tenth nearer than its middle.
        tint: the largest hue rotation, in full turns, and the largest relative change of saturation.
        cover: the smallest and largest fraction of the cutout's area that a black rectangle covers.
        noise: the largest standard deviation of Gaussian noise, for pixels in [0, 1].
    """

    turn_share: float
    turn: float
    shift: float = 0.0
    tilt_share: float = 0.0
    tilt: float = 0.0
    tint_share: float = 0.0
    tint: float = 0.0
    cover_share: float = 0.0
    cover: tuple[float, float] = (0.1, 0.4)
    noise: float


STRENGTHS = {
    "light": Strength(turn_share=0.4, turn=math.radians(10), noise=0.05),
    # Source: the augmentations of pytti and VQGAN-CLIP-animations, made for OpenAI's CLIPs.
    "full": Strength(
        turn_share=0.8,
        turn=math.radians(30),
        shift=0.1,
        tilt_share=0.4,
        tilt=0.1,
        tint_share=0.7,
        tint=0.01,
        cover_share=0.7,
        noise=0.1,
    ),
}
"""By the name in `FrameSpec.augment`: a robust image tower needs few augmentations."""

_TO_YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


def jitter(batch: int, count: int, strength: Strength, generators: Generators) -> Tensor:
    """Draw random flips, rotations, shifts and tilts of the square [-1, 1]^2: (batch, count, 3, 3)."""
    drawn = uniform((batch, count, 3), generators)
    mirror = torch.where(drawn[..., 0] < FLIP_SHARE, -1.0, 1.0)
    turned = drawn[..., 1] < strength.turn_share
    turn = turned * strength.turn * (2 * drawn[..., 2] - 1)
    matrix = torch.zeros(batch, count, 3, 3, device=drawn.device)
    matrix[..., 0, 0] = turn.cos() * mirror
    matrix[..., 0, 1] = -turn.sin()
    matrix[..., 1, 0] = turn.sin() * mirror
    matrix[..., 1, 1] = turn.cos()
    matrix[..., 2, 2] = 1.0
    if strength.shift:
        # The square's side is 2, from -1 to 1.
        matrix[..., :2, 2] = turned[..., None] * 2 * strength.shift * around_zero((batch, count, 2), generators)
    if strength.tilt:
        tilted = uniform((batch, count, 1), generators) < strength.tilt_share
        matrix[..., 2, :2] = tilted * strength.tilt * around_zero((batch, count, 2), generators)
    return matrix


def alter(cutouts: Tensor, strength: Strength, generators: Generators) -> Tensor:
    """Tint, cover and add noise to cutouts (B, N, 3, S, S) in [0, 1], each independently; same shape."""
    # Skip what is disabled: even an identity matrix rounds, and differently on different processors.
    if strength.tint_share:
        cutouts = _tinted(cutouts, strength, generators)
    if strength.cover_share:
        cutouts = cutouts * _uncovered(cutouts, strength, generators)
    return noise(cutouts, strength, generators)


def noise(cutouts: Tensor, strength: Strength, generators: Generators) -> Tensor:
    """Add Gaussian noise of random strength per cutout to (B, N, 3, S, S); the result may leave [0, 1]."""
    shape = (*cutouts.shape[:2], 1, 1, 1)
    amount = strength.noise * uniform(shape, generators)
    return cutouts + amount * normal(cutouts.shape, generators)


def _tinted(cutouts: Tensor, strength: Strength, generators: Generators) -> Tensor:
    """Rotate hues and scale saturations by one 3x3 matrix per cutout; brightness is unchanged."""
    batch, count = cutouts.shape[:2]
    to_yiq, from_yiq = _yiq(cutouts.device)
    drawn = uniform((batch, count), generators) < strength.tint_share
    change = drawn[..., None] * strength.tint * around_zero((batch, count, 2), generators)
    angle, saturation = 2 * math.pi * change[..., 0], 1 + change[..., 1]
    chroma = torch.zeros(batch, count, 3, 3, device=cutouts.device)
    chroma[..., 0, 0] = 1.0
    chroma[..., 1, 1] = chroma[..., 2, 2] = saturation * angle.cos()
    chroma[..., 2, 1] = saturation * angle.sin()
    chroma[..., 1, 2] = -chroma[..., 2, 1]
    matrix = from_yiq @ chroma @ to_yiq
    tinted: Tensor = matrix @ cutouts.flatten(3)
    return tinted.view_as(cutouts)


@functools.cache
def _yiq(device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the matrices from RGB to YIQ and back, (3, 3) each; copied to the device once, not in every step."""
    return _TO_YIQ.to(device), torch.linalg.inv(_TO_YIQ).to(device)


def _uncovered(cutouts: Tensor, strength: Strength, generators: Generators) -> Tensor:
    """Draw a mask (B, N, 1, S, S): in some cutouts 0 inside a rectangle of random area, shape and position, else 1.

    Source: Zhong et al., "Random Erasing Data Augmentation" (2020).
    """
    batch, count, _, side, _ = cutouts.shape
    device = cutouts.device
    drawn = uniform((batch, count, 5), generators)
    smallest, largest = strength.cover
    area = smallest + (largest - smallest) * drawn[..., 0]
    ratio = torch.exp(math.log(0.3) * (2 * drawn[..., 1] - 1))
    extent = torch.stack([(area * ratio).sqrt(), (area / ratio).sqrt()], dim=-1).clamp(max=1.0)
    first = drawn[..., 2:4] * (1 - extent)
    place = (torch.arange(side, device=device) + 0.5) / side
    inside = (place >= first[..., None]) & (place < (first + extent)[..., None])
    covered = inside[..., 0, None, :, None] & inside[..., 1, None, None, :]
    return 1.0 - (covered & (drawn[..., 4, None, None, None] < strength.cover_share)).to(cutouts.dtype)
