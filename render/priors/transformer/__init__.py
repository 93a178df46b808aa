"""VQGAN's second stage: a transformer that has learned which codes follow each other draws whole pictures.

Source: Esser, Rombach, Ommer, "Taming Transformers for High-Resolution Image Synthesis" (2021). The perceptors rank
    the candidates, as in Ramesh et al., "Zero-Shot Text-to-Image Generation" (DALL-E, 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # listing the catalogue must not import torch
    import torch

    from render.guidance.perceptors import Perceptor
    from render.latents import Latent
    from render.models.model import ModelFiles
    from render.priors.transformer.prior import TransformerPrior


def load(
    files: ModelFiles, latents: Latent, perceptors: Sequence[Perceptor], device: torch.device, dtype: torch.dtype
) -> TransformerPrior:
    """Read the config and checkpoint of a transformer over a VQGAN.

    Raises:
        WeightsError: a file is missing, the config is not a transformer's, or a tensor does not fit.
        UnfitPriorError: it draws from texts, for another VQGAN or perceptor.
    """
    from render.priors.transformer.checkpoint import load_second_stage
    from render.priors.transformer.prior import TransformerPrior

    second = load_second_stage(files, device, dtype)
    return TransformerPrior.fitting(second, files.name, latents, perceptors, device)
