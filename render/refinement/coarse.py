"""Frames from noise, coarse to fine: most of their steps are taken at half the size.

The layout forms there in a quarter of the time, and in larger pieces, since a cutout of the small picture
shows as much of it as one of the large picture does. On the embedded pair 40 steps at half the size and 20
at the whole reach the similarity of 60 at the whole in half the time (bench/RESULTS.md).

Source: coarse-to-fine synthesis, Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer" (2017).
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from render.latents import Latent
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Guide, Refinement
from render.refinement.scheduler import Scheduler
from render.spec import FrameSpec

SHARE = 2 / 3  # of the steps are taken at half the size
LEAST_STEPS = 12  # fewer are all taken at the whole size
LEAST_SIDE = 64  # pixels of the small picture: below that nothing is to be seen in it


def sketched(
    latents: Latent,
    guides: Sequence[Guide],
    picture: Tensor,
    spec: FrameSpec,
    generator: torch.Generator,
    loss_scale: float,
    scheduler: Scheduler,
) -> tuple[Tensor, FrameSpec]:
    """Take the coarse steps of a frame; what it goes on from, and the spec of the steps that are left.

    Args:
        picture: (B, 3, H, W) in [0, 1], that noise.
        loss_scale: see `LatentAdam`.
        scheduler: takes the steps.

    Returns:
        (B, 3, H, W) in [0, 1] and `spec` with fewer steps; both as they came where the frame is too small
        or has too few steps.

    Raises:
        NonFiniteError: a step stays outside the finite numbers at any learning rate.
    """
    height, width = (latents.stride * max(1, round(side / 2 / latents.stride)) for side in picture.shape[-2:])
    if min(height, width) < LEAST_SIDE or spec.num_steps < LEAST_STEPS:
        return picture, spec
    small = F.interpolate(picture, size=(height, width), mode="bilinear", antialias=True, align_corners=False)
    coarse = replace(spec, num_steps=round(SHARE * spec.num_steps))
    for careful in (False, True):
        optimizer = LatentAdam(latents.encode(small), None, loss_scale)
        refinement = Refinement(
            latents=latents, guides=guides, anchor=small, spec=coarse, generator=generator, careful=careful
        )
        image = scheduler.refine(refinement, optimizer)
        # A codebook would hide from the steps to come what is no number here.
        if bool(torch.stack([image.isfinite().all(), optimizer.latent.isfinite().all()]).all()):
            break
    large = F.interpolate(image, size=picture.shape[-2:], mode="bicubic", align_corners=False).clamp(0.0, 1.0)
    return large, replace(spec, num_steps=spec.num_steps - coarse.num_steps)
