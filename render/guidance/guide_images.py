"""The pictures that frames are pulled towards, beside their prompts."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


@dataclass(frozen=True, kw_only=True)
class GuideImages:
    """The guide pictures of one frame, or, padded to an equal number, of every frame of a batch.

    Attributes:
        images: (B, G, 3, H, W) in [0, 1].
        weights: (B, G).
        embeddings: per perceptor (B, G, D), unit vectors of the whole pictures.
    """

    images: Tensor
    weights: Tensor
    embeddings: Sequence[Tensor]

    def at(self, size: torch.Size) -> Tensor:
        """Return the pictures at another size, (height, width): (B, G, 3, height, width)."""
        if self.images.shape[-2:] == size:
            return self.images
        flat = F.interpolate(self.images.flatten(0, 1), size=list(size), mode="bilinear", antialias=True)
        return flat.view(*self.images.shape[:3], *size)


def batch_guide_images(every: Sequence[GuideImages]) -> GuideImages:
    """Batch the guide pictures of several frames of one size; missing ones are padded with weight 0."""

    def padded(parts: Sequence[Tensor]) -> Tensor:
        return pad_sequence([part[0] for part in parts], batch_first=True)

    return GuideImages(
        images=padded([each.images for each in every]),
        weights=padded([each.weights for each in every]),
        embeddings=[padded(parts) for parts in zip(*(each.embeddings for each in every), strict=True)],
    )
