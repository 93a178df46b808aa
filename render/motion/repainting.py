"""Begin a frame that repaints footage with the footage's picture and the last result, moved as the footage moves."""

import torch
import torch.nn.functional as F
from torch import Tensor

from render.latents import Latent
from render.motion.displacements import Displacement
from render.motion.recolouring import recoloured
from render.motion.warm_start import warm_start


@torch.no_grad()
def mixed(own: Tensor, moved: Tensor, mix: float, trust: Tensor) -> Tensor:
    """Return a footage's picture `own`, into which the last result is mixed: (B, 3, H, W) in [0, 1].

    Where the last result cannot be trusted, the footage shows through, in the colours that the result has around there.

    Args:
        moved: (B, 3, H, W) in [0, 1], the last result, moved.
        mix: how much of it.
        trust: (B, 1, H, W) in [0, 1].
    """
    mixture = torch.lerp(own, moved, mix * trust)
    if not mix or _is_everywhere(trust):
        return mixture
    return (mixture + mix * (1 - trust) * (recoloured(own, moved, trust) - own)).clamp(0, 1)


def _is_everywhere(trust: Tensor) -> bool:
    """Whether it is 1 everywhere, so that nothing is left to do; a GPU does that in less time than it takes to ask."""
    return trust.device.type == "cpu" and bool((trust == 1).all())


@torch.no_grad()
def repainted_start(
    latents: Latent, image: Tensor, latent: Tensor | None, mixture: Tensor, motion: Displacement, share: Tensor
) -> Tensor:
    """Return a latent whose picture is close to a mixture of the moved last result and a footage's picture.

    Args:
        image: (B, 3, H, W) in [0, 1], the last result.
        latent: (B, C, h, w), the latent from which it was decoded; None if it was not, or if `share` is 0 everywhere.
        mixture: (B, 3, H, W) in [0, 1].
        motion: what has moved the last result.
        share: (B, 1, H, W) in [0, 1], how much of it, moved, is in the mixture.

    Returns:
        (B, C, h, w).
    """
    return warm_start(latents, image, latent, mixture, motion, F.avg_pool2d(share, latents.stride))


@torch.no_grad()
def drawn(latents: Latent, picture: Tensor) -> Tensor:
    """Return a picture (B, 3, H, W) in [0, 1] as the latent model draws it."""
    return latents.decode(latents.encode(picture)).float()
