"""Refine frames that start from noise coarse to fine: most of their steps are taken at half the size.

At half the size the layout forms in a quarter of the time, and in larger pieces, since a cutout of the small picture
shows as much of it as one of the large picture does. With the embedded models, 40 steps at half size and 20 at full
size reach the similarity of 60 steps at full size in half the time (bench/RESULTS.md).

Source: coarse-to-fine synthesis, Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer" (2017).
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from render.guidance.guide_images import GuideImages
from render.latents import Latent
from render.refinement.areas import NOWHERE, Areas
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Guide, Refinement
from render.refinement.scheduler import Scheduler
from render.spec import FrameSpec

SHARE = 2 / 3  # share of the steps that are taken at half the size
LEAST_STEPS = 12  # with fewer, all are taken at full size
LEAST_SIDE = 64  # pixels, of the small picture: a smaller one shows nothing recognisable


def refine_coarsely(
    latents: Latent,
    guides: Sequence[Guide],
    picture: Tensor,
    spec: FrameSpec,
    generator: torch.Generator,
    loss_scale: float,
    scheduler: Scheduler,
    guide_images: GuideImages | None = None,
    areas: Areas = NOWHERE,
) -> tuple[Tensor, FrameSpec]:
    """Take the coarse steps of a frame; return the picture to continue from, and the spec of the remaining steps.

    Args:
        picture: (B, 3, H, W) in [0, 1], the noise.
        loss_scale: see `LatentAdam`.
        scheduler: takes the steps.
        guide_images: see `Refinement`.
        areas: of the picture, see `Refinement`.

    Returns:
        (B, 3, H, W) in [0, 1] and `spec` with fewer steps; both unchanged if the frame is too small or has too
        few steps.

    Raises:
        NonFiniteError: a step is non-finite at every learning rate that is tried.
    """
    height, width = (latents.stride * max(1, round(side / 2 / latents.stride)) for side in picture.shape[-2:])
    if min(height, width) < LEAST_SIDE or spec.num_steps < LEAST_STEPS:
        return picture, spec
    small = F.interpolate(picture, size=(height, width), mode="bilinear", antialias=True, align_corners=False)
    coarse = replace(spec, num_steps=round(SHARE * spec.num_steps))
    for careful in (False, True):
        optimizer = LatentAdam(latents.encode(small), None, loss_scale, spec.adapt)
        refinement = Refinement(
            latents=latents,
            guides=guides,
            anchor=small,
            spec=coarse,
            generator=generator,
            careful=careful,
            guide_images=guide_images,
            areas=areas.scaled(small.shape[-2:]),
        )
        image = scheduler.refine(refinement, optimizer)
        # Check now: quantisation would hide a NaN from the following steps.
        if bool(torch.stack([image.isfinite().all(), optimizer.latent.isfinite().all()]).all()):
            break
    large = F.interpolate(image, size=picture.shape[-2:], mode="bicubic", align_corners=False).clamp(0.0, 1.0)
    return large, replace(spec, num_steps=spec.num_steps - coarse.num_steps)
