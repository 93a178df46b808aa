"""Pull the cutouts towards the prompts; a negative weight pushes away."""

import torch
from torch import Tensor

from render.guidance.losses import LossInputs


def spherical_distance(a: Tensor, b: Tensor) -> Tensor:
    """Return half the squared great-circle distance of unit vectors, over the last dimension.

    Source: spherical_dist_loss of crowsonkb's VQGAN+CLIP notebook, 2 arcsin(|a - b| / 2)^2.
    """
    # Kept away from 0 and 2, where the gradients of the norm and of arcsin are not finite.
    chord = (a - b).square().sum(dim=-1).clamp(1e-12, 3.9999).sqrt()
    return 2 * (chord / 2).asin().square()


def loss(inputs: LossInputs) -> Tensor:
    """Return the weighted spherical distance to all prompts, averaged over cutouts and perceptors: (B,), or 0.

    A perceptor's mean is weighted by its share: equal shares give the plain mean. A prompt with a region is weighted
    in each cutout by how much of the region the cutout shows; this is not normalised, so a small region pulls on its
    pixels as strongly as the whole picture would. A prompt with a stop has no gradient in cutouts that have reached it.
    """
    if not inputs.embeddings:
        return 0 * inputs.image.sum(dim=(1, 2, 3))
    per_perceptor = []
    for embeddings, targets, share in zip(inputs.embeddings, inputs.targets, inputs.shares, strict=True):
        distances = spherical_distance(embeddings.unsqueeze(2), targets.embeddings.unsqueeze(-3))
        if targets.stops is not None:
            distances = _held(distances, targets.weights.unsqueeze(-2), targets.stops.unsqueeze(-2))
        if targets.coverage is not None:
            distances = distances * targets.coverage
        per_perceptor.append(share * (distances * targets.weights.unsqueeze(-2)).sum(dim=-1).mean(dim=1))
    return torch.stack(per_perceptor).sum(dim=0) / sum(inputs.shares)


def _held(distances: Tensor, weights: Tensor, stops: Tensor) -> Tensor:
    """Return the distances (B, N, P) unchanged, without a gradient where a prompt has reached its stop.

    Source: replace_grad(dists, torch.maximum(dists, stop)) of crowsonkb's VQGAN+CLIP notebook, of signed distances.
    """
    return torch.where(distances * weights.sign() <= stops, distances.detach(), distances)
