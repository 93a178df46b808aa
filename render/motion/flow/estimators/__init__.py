"""What finds the motion between two pictures, one per file; models are named in `render.models.registry`.

Contract: an entry module defines `load(files, device) -> Estimator`. To add one, add a file, and the models that it
loads to the registry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # listing the catalogue must not import torch
    from torch import Tensor


class Estimator(Protocol):
    """Finds how far every pixel of a picture moves until another picture."""

    @property
    def identity(self) -> str:
        """What its results depend on beside the pictures: method, settings, version, weights."""

    def __call__(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the motion from the first to the second: (1, 2, H, W) float32, right and down, in pixels.

        Args:
            first, second: (1, 3, H, W) in [0, 1], in sRGB, H and W even.
        """
