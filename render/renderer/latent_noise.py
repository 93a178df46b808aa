"""Add noise to the latent of a frame before it is refined."""

import math
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from render.latents import CodedLatent, Latent
from render.motion.displacements import Displacement
from render.motion.warp import move
from render.rng import frame_generator, normal
from render.spec import FrameSpec
from render.spec.noise import LatentNoise


class NoiseInLatents:
    """Adds noise that varies as the codebook does: channels that hardly differ among its entries get hardly any.

    Noise of the same size in every channel mostly leaves the latents that the decoder knows, and shows as a grid.
    """

    def __init__(self, latents: Latent) -> None:
        self._latents = latents

    def noisy(
        self, latent: Tensor, noise: LatentNoise, spec: FrameSpec, motion: Displacement, share: Tensor | None = None
    ) -> Tensor:
        """Return a latent (B, C, h, w) with the frame's noise, within the representation's range.

        Without a variation the noise is the frame's own. With one, the noise that the previous frame held, moved with
        the picture, is replaced by that of this frame: so it does not accumulate, and where the variation returns to an
        earlier value, so does the noise.

        Args:
            motion: what has moved `latent` from the previous frame to this one.
            share: (B, 1, H, W) in [0, 1], how much of the previous frame is in `latent`; None for all of it.
        """
        variation, device = noise.variation, latent.device
        shape = (1, *latent.shape[1:])
        if variation is None:
            own = normal(shape, frame_generator(spec.seed, spec.draws_as, device, "noise"))
            added = noise.amount * grained(own, noise.grain)
        else:
            first = normal(shape, frame_generator(spec.seed, 0, device, "first noise"))
            second = normal(shape, frame_generator(variation.seed, 0, device, "second noise"))
            fields = _orthogonal(grained(first, noise.grain), grained(second, noise.grain))
            amount, place = variation.before
            before = move(amount * on_circle(*fields, place), motion, "edge", self._latents.stride)
            if share is not None:
                before = before * F.avg_pool2d(share, self._latents.stride)
            added = noise.amount * on_circle(*fields, variation.share) - before
        return self._latents.project(latent + self._as_entries(added))

    def _as_entries(self, white: Tensor) -> Tensor:
        """Return white noise as noise with the covariance of the codebook's entries."""
        if self._deviation is None:
            return self._latents.spread * white
        return torch.einsum("ij,bjhw->bihw", self._deviation, white)

    @cached_property
    def _deviation(self) -> Tensor | None:
        """The square root of that covariance, (C, C) float32 on the device; None without a codebook."""
        if not isinstance(self._latents, CodedLatent):
            return None
        strengths, axes = torch.linalg.eigh(torch.cov(self._latents.codebook.detach().cpu().double().T))
        root: Tensor = (axes * strengths.clamp(min=0).sqrt()) @ axes.T
        return root.to(self._latents.codebook.device, torch.float32)


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


def grained(field: Tensor, grain: float) -> Tensor:
    """Blur white noise (B, C, h, w) with variance 1; the variance stays 1, also at the border.

    Args:
        grain: the standard deviation of the Gaussian, as a share of the height.
    """
    if not grain:
        return field
    height, width = field.shape[-2:]
    return _blur(height, grain * height, field) @ field @ _blur(width, grain * height, field).mT


def _blur(count: int, sigma: float, like: Tensor) -> Tensor:
    """Return the weights (count, count) of a Gaussian around each of `count` cells, whose squares add up to 1."""
    cells = torch.arange(count, dtype=like.dtype, device=like.device)
    weights = torch.exp(-((cells[:, None] - cells) ** 2) / (2 * sigma**2))
    return weights / weights.square().sum(dim=1, keepdim=True).sqrt()


def _orthogonal(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Return both with a mean square of 1, the second without its part along the first."""
    unit = _unit(first)
    return unit, _unit(second - (second * unit).mean() * unit)


def _unit(field: Tensor) -> Tensor:
    return field / field.square().mean().sqrt()
