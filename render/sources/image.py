"""Start from a picture file: as it is, or partly noise."""

import torch

from render.guidance import pictures
from render.sources import Loaded, Start, noise
from render.spec import FrameSpec
from render.spec.pictures import PictureStart


@torch.no_grad()
def start(spec: FrameSpec, size: tuple[int, int], generator: torch.Generator, loaded: Loaded) -> Start:
    """Return the picture that `spec.start` names, after encoding and decoding, and its latent.

    Below strength 1 its latent is mixed with that of noise; at 0 it is the noise itself, as if there were no picture.
    """
    assert isinstance(spec.start, PictureStart)
    strength = spec.start.strength
    if strength <= 0:
        return noise.start(spec, size, generator, loaded)
    latents = loaded.latents
    latent = latents.encode(pictures.read(spec.start.picture, size, generator.device))
    if strength < 1:
        latent = latents.project(torch.lerp(latents.encode(noise.soft(1, size, generator)), latent, strength))
    return Start(image=latents.decode(latent).float(), latent=latent)
