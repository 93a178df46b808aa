"""What estimates how near everything in a picture is, one per file; models are named in `render.models.registry`.

Contract: an entry module defines `load(files, device, dtype) -> Estimate`. It reads nothing of the files but bounded
settings and plain tensors. To add one, add a file, and the models that it loads to the registry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # listing the catalogue must not import torch
    from torch import Tensor


class Estimate(Protocol):
    """Estimates nearness, the inverse of the distance ahead of the camera, of all that pictures show."""

    def __call__(self, image: Tensor) -> Tensor:
        """Return the nearness of every pixel: (B, H, W) float32, larger is nearer, in any scale and from any zero.

        Each picture may have a scale and zero of its own, so only relations within one count. Pictures do not
        influence each other, and the same picture gives the same numbers in every call.

        Args:
            image: (B, 3, H, W) float in [0, 1], in sRGB, of any size.
        """
