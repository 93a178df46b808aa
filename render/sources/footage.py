"""Start from what the frame's source shows: a frame of a clip, or a picture."""

import torch

from render.sources import Loaded, Start
from render.spec import FrameSpec


@torch.no_grad()
def start(spec: FrameSpec, size: tuple[int, int], generator: torch.Generator, loaded: Loaded) -> Start:
    """Return the source's picture, after encoding and decoding, and its latent."""
    assert spec.source is not None
    latent = loaded.latents.encode(loaded.show(spec.source.image, size))
    return Start(image=loaded.latents.decode(latent).float(), latent=latent)
