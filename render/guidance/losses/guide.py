"""Pull the picture towards those of `guides:`, each by its weight at that moment."""

import torch
import torch.nn.functional as F
from torch import Tensor

from render.guidance.colour.spaces import oklab
from render.guidance.guide_images import GuideImages
from render.guidance.losses import LossInputs
from render.guidance.losses.prompt import spherical_distance

SCALES = (1, 4, 16)  # sides of the squares, in pixels, whose mean colours are compared
PIXELS = 10.0  # a squared distance in OKLab is a small number beside one on the sphere


def loss(inputs: LossInputs) -> Tensor:
    """Return the weighted distance to all guide pictures, by their pixels and by every perceptor: (B,), or 0."""
    guides = inputs.guide_images
    if guides is None:
        return 0 * inputs.image.sum(dim=(1, 2, 3))
    distances = PIXELS * colour_distance(inputs.image, guides)
    if inputs.embeddings:
        distances = distances + _seen_distance(inputs, guides)
    return (distances * guides.weights).sum(dim=1)


def colour_distance(image: Tensor, guides: GuideImages) -> Tensor:
    """Return the mean squared difference in OKLab of pictures (B, 3, H, W) to each of their guides: (B, G).

    Pixels are compared, and the means of larger and larger squares, so that what is not in its place yet counts too.
    """
    wanted = guides.at(image.shape[-2:])
    batch, count = wanted.shape[:2]
    difference = (oklab(image).unsqueeze(1) - oklab(wanted.flatten(0, 1)).view_as(wanted)).flatten(0, 1)
    scales = [side for side in SCALES if side <= min(image.shape[-2:])]
    squared = [F.avg_pool2d(difference, side).square().sum(dim=1).mean(dim=(1, 2)) for side in scales]
    return torch.stack(squared).mean(dim=0).view(batch, count)


def _seen_distance(inputs: LossInputs, guides: GuideImages) -> Tensor:
    """Return the distance of the cutouts to each guide, averaged over cutouts and perceptors: (B, G)."""
    per_perceptor = [
        share * spherical_distance(embeddings.unsqueeze(2), wanted.unsqueeze(1)).mean(dim=1)
        for embeddings, wanted, share in zip(inputs.embeddings, guides.embeddings, inputs.shares, strict=True)
    ]
    return torch.stack(per_perceptor).sum(dim=0) / sum(inputs.shares)
