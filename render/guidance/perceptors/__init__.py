"""Image-text scorers, one per file.

Contract: an entry module holds `load(files, device, dtype) -> Perceptor`.
To add a scorer, add its file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # listing the catalogue must not import torch
    from torch import Tensor


class Perceptor(Protocol):
    """Embeds texts and pictures in one space, in which matching ones are near each other.

    Attributes:
        side: width and height in pixels of the square pictures that it takes.
    """

    side: int

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Texts to unit vectors (len(texts), D), without gradient."""

    def encode_image(self, images: Tensor) -> Tensor:
        """(N, 3, side, side) in [0, 1] to unit vectors (N, D), differentiable in the images."""
