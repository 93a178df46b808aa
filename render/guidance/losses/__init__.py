"""Guidance terms, one per file; the file's name is the key under `losses:`.

Contract: an entry module defines `loss(inputs: LossInputs) -> Tensor` of shape (B,): one number per picture,
differentiable in the image; smaller is better. To add a term, add a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # listing the catalogue must not import torch
    from torch import Tensor

    from render.guidance.followed import Followed
    from render.guidance.guide_images import GuideImages
    from render.guidance.prompts import Targets


@dataclass(frozen=True, kw_only=True)
class LossInputs:
    """The inputs of a guidance term.

    Attributes:
        image: (B, 3, H, W) in [0, 1], the decoded latent.
        latent: (B, C, h, w), the latent being refined.
        anchor: (B, 3, H, W) in [0, 1], the picture from which refinement started.
        embeddings: per perceptor (B, N, D), unit vectors of the N cutouts.
        targets: per perceptor, the prompts' targets, with the coverage of these cutouts if prompts have regions.
        shares: per perceptor, its weight among the perceptors.
        palette: (B, K, 3) in OKLab, the colours of the schedule's palette; None without one.
        guide_images: the pictures that the frames are pulled towards; None without any.
        followed: the last results, moved; None in frames that start from a source.
    """

    image: Tensor
    latent: Tensor
    anchor: Tensor
    embeddings: Sequence[Tensor]
    targets: Sequence[Targets]
    shares: Sequence[float]
    palette: Tensor | None = None
    guide_images: GuideImages | None = None
    followed: Followed | None = None
