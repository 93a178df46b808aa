"""Differentiable image representations, one per file.

Contract: an entry module defines `load(files, device, dtype, quantize) -> Latent`.
To add a representation, add a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # listing the catalogue must not import torch
    from torch import Tensor


class Latent(Protocol):
    """The representation that refinement optimises, and its encoder and decoder.

    Attributes:
        stride: pixels per latent cell; width and height must be multiples of it.
        spread: the standard deviation of latents, the unit of learning rates.
        quantized: whether decoding snaps latents to a codebook.
    """

    stride: int
    spread: float
    quantized: bool

    def encode(self, image: Tensor) -> Tensor:
        """Encode pictures (B, 3, H, W) in [0, 1] as a latent (B, C, H/stride, W/stride), without gradient."""

    def decode(self, latent: Tensor) -> Tensor:
        """Decode a latent to pictures (B, 3, H, W) in [0, 1], differentiable in the latent."""

    def project(self, latent: Tensor) -> Tensor:
        """Return the nearest latent in the representation's valid range; same shape."""


@runtime_checkable
class CodedLatent(Latent, Protocol):
    """A latent with a codebook: every cell can be written as the number of an entry.

    Attributes:
        codebook: (num_codes, C) float32.
    """

    codebook: Tensor

    def entries(self, codes: Tensor) -> Tensor:
        """Look up codes (B, h, w) in the codebook: a latent (B, C, h, w)."""

    def codes(self, latent: Tensor) -> Tensor:
        """Return the numbers of the nearest entries (B, h, w) of a latent (B, C, h, w)."""
