"""Differentiable image representations, one per file.

Contract: an entry module holds `load(files, device, dtype, quantize) -> Latent`.
To add a representation, add its file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # listing the catalogue must not import torch
    from torch import Tensor


class Latent(Protocol):
    """The representation that refinement optimises, and its encoder and decoder.

    Attributes:
        stride: pixels per latent step: width and height must be its multiples.
        spread: the standard deviation of latents; learning rates are measured in it.
        quantized: whether decoding snaps latents to a codebook.
    """

    stride: int
    spread: float
    quantized: bool

    def encode(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to a latent (B, C, H/stride, W/stride), without gradient."""

    def decode(self, latent: Tensor) -> Tensor:
        """A latent to (B, 3, H, W) in [0, 1], differentiable in the latent."""

    def project(self, latent: Tensor) -> Tensor:
        """The nearest latent inside the range that the representation knows."""
