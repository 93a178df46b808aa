"""Image-text scorers, one per file.

Contract: an entry module defines `load(files, device, dtype) -> Perceptor`.
To add a scorer, add a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # listing the catalogue must not import torch
    from torch import Tensor


class Perceptor(Protocol):
    """Embeds texts and pictures in a common space, in which matching ones are close to each other.

    Attributes:
        side: width and height in pixels of its square input pictures.
    """

    side: int

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Embed texts as unit vectors (len(texts), D), without gradient."""

    def encode_image(self, images: Tensor) -> Tensor:
        """Embed pictures (N, 3, side, side) in [0, 1] as unit vectors (N, D), differentiable in the images."""
