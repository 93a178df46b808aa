"""Use the picture itself as its latent: no weights, for tests and for comparing guidance alone."""

import torch
from torch import Tensor

from render.kernels.gradients import clamp_with_gradient
from render.models.model import ModelFiles


class Pixels:
    """Pixels in [-1, 1]; encoding and decoding are exact inverses."""

    stride = 1
    spread = 0.5
    quantized = False

    def encode(self, image: Tensor) -> Tensor:
        return image.detach() * 2 - 1

    def decode(self, latent: Tensor) -> Tensor:
        return clamp_with_gradient((latent + 1) / 2, 0.0, 1.0)

    def project(self, latent: Tensor) -> Tensor:
        return latent.clamp(-1.0, 1.0)


def load(files: ModelFiles, device: torch.device, dtype: torch.dtype, quantize: bool) -> Pixels:
    """Return the latent; it has no files and no codebook, and pixels stay in float32 at any model precision."""
    return Pixels()
