"""The loop: move a latent until CLIP sees the prompts in its picture.

Source: the VQGAN+CLIP loop of Crowson et al., "VQGAN-CLIP" (2022). What differs: all cutouts are one
    resample, the optimiser's state comes from the previous frame, and the learning rate is measured
    in the codebook's standard deviation, so that 0.1 means the same for every VQGAN.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from render import augment, catalogue, cutouts, losses
from render.latents import Latent
from render.losses import LossInputs
from render.optimizer import LatentAdam
from render.perceptors import Perceptor
from render.prompts import Targets
from render.spec import FrameSpec


@dataclass(frozen=True, kw_only=True)
class Guide:
    """A perceptor and what it should see in this frame; no targets where no prompt has weight."""

    perceptor: Perceptor
    targets: Targets


def refine(
    latents: Latent,
    guides: Sequence[Guide],
    anchor: Tensor,
    optimizer: LatentAdam,
    spec: FrameSpec,
    generator: torch.Generator,
) -> Tensor:
    """Take `spec.num_steps` steps on the optimiser's latent and return its picture.

    Args:
        anchor: (B, 3, H, W) in [0, 1], the warped previous frame.
        optimizer: holds the latent (B, C, h, w), which is changed in place.
        generator: the frame's own; every random number of the frame is drawn from it.

    Returns:
        (B, 3, H, W) in [0, 1]: the latent as decoded after the last step.
    """
    terms = {name: catalogue.load(losses, name).loss for name in spec.losses}
    latent = optimizer.latent
    for _ in range(spec.num_steps):
        image = latents.decode(latent)
        embeddings = [look(guide.perceptor, image, spec.num_cutouts, generator) for guide in guides]
        inputs = LossInputs(
            image=image,
            latent=latent,
            anchor=anchor,
            embeddings=embeddings,
            targets=[guide.targets for guide in guides],
        )
        loss = sum(weight * terms[name](inputs).sum() for name, weight in spec.losses.items())
        optimizer.step(loss, lr=spec.lr * latents.spread)
        optimizer.replace(latents.project(latent))
    with torch.no_grad():
        return latents.decode(latent)


def look(perceptor: Perceptor, image: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Embed `count` augmented cutouts of every picture: (B, count, D), unit vectors."""
    aspect = image.shape[-1] / image.shape[-2]
    views = cutouts.draw(len(image), count, aspect, generator)
    looks = augment.noise(cutouts.sample(image, views, perceptor.side), generator)
    embeddings = perceptor.encode_image(looks.flatten(0, 1))
    return embeddings.view(len(image), count, -1)
