"""Add noise to the latent of a frame before it is refined."""

import math

import torch
from torch import Tensor

from render.latents import Latent
from render.motion.displacements import Displacement
from render.motion.warp import move
from render.rng import frame_generator, normal
from render.spec import FrameSpec, LatentNoise


def noisy(latent: Tensor, noise: LatentNoise, spec: FrameSpec, latents: Latent, motion: Displacement) -> Tensor:
    """Return a latent (B, C, h, w) with the frame's noise, within the representation's range.

    Without a variation the noise is the frame's own. With one, the noise that the previous frame held, moved with the
    picture, is replaced by that of this frame: so it does not accumulate, and where the variation returns to an earlier
    value, so does the noise.

    Args:
        motion: what has moved `latent` from the previous frame to this one.
    """
    variation = noise.variation
    shape = (1, *latent.shape[1:])
    if variation is None:
        added = noise.amount * normal(shape, frame_generator(spec.seed, spec.draws_as, latent.device, "noise"))
    else:
        fields = _fields(spec.seed, variation.seed, shape, latent.device)
        amount, share = variation.before
        before = move(amount * on_circle(*fields, share), motion, "edge", latents.stride)
        added = noise.amount * on_circle(*fields, variation.share) - before
    return latents.project(latent + latents.spread * added)


def on_circle(first: Tensor, second: Tensor, share: float) -> Tensor:
    """Go from one field to the other on the sphere: a quarter of a great circle for every whole `share`.

    Source: Shoemake, "Animating rotation with quaternion curves" (1985). What differs: the second field is made
    orthogonal to the first, so the variance is the same everywhere and 4 is once around.

    Args:
        first: (1, C, h, w).
        second: as `first`, and orthogonal to it.
    """
    angle = share * math.pi / 2
    return math.cos(angle) * first + math.sin(angle) * second


def _fields(seed: int, variation_seed: int, shape: tuple[int, ...], device: torch.device) -> tuple[Tensor, Tensor]:
    """Draw two fields, orthogonal to each other, whose mean squares are 1."""
    first = _unit(normal(shape, frame_generator(seed, 0, device, "first noise")))
    second = normal(shape, frame_generator(variation_seed, 0, device, "second noise"))
    return first, _unit(second - (second * first).mean() * first)


def _unit(field: Tensor) -> Tensor:
    return field / field.square().mean().sqrt()
