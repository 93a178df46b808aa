"""Load the models of a schedule into a renderer."""

from collections.abc import Sequence

import torch

from render import catalogue, latents, priors
from render.guidance import perceptors
from render.guidance.perceptors import Perceptor
from render.latents import Latent
from render.models.model import ModelFiles
from render.renderer.renderer import Renderer, Scorer, Warn


def load_renderer(
    latent: ModelFiles,
    scorers: Sequence[tuple[ModelFiles, float]],
    quantize: bool,
    device: torch.device,
    dtype: torch.dtype,
    warn: Warn = lambda text: None,
    proposers: Sequence[ModelFiles] = (),
) -> Renderer:
    """Load the models of a schedule.

    Args:
        latent: the latent model's files.
        scorers: the perceptors' files, each with its weight.
        quantize: snap latents to the codebook (see `Model.quantize`).
        warn: see `Renderer`.
        proposers: the priors' files.

    Raises:
        WeightsError: files are missing or do not fit.
        UnfitPriorError: a prior was made for other models.
    """
    representation, seeing = load_models(latent, [files for files, _ in scorers], quantize, device, dtype)
    loaded = [
        Scorer(perceptor=perceptor, weight=weight) for perceptor, (_, weight) in zip(seeing, scorers, strict=True)
    ]
    named = {
        files.name: catalogue.load(priors, files.entry).load(files, representation, seeing, device, dtype)
        for files in proposers
    }
    return Renderer(representation, loaded, device, dtype, warn, priors=named)


def load_models(
    latent: ModelFiles, scorers: Sequence[ModelFiles], quantize: bool, device: torch.device, dtype: torch.dtype
) -> tuple[Latent, list[Perceptor]]:
    """Load a latent model and perceptors. Raises `WeightsError` if files are missing or do not fit."""
    representation: Latent = catalogue.load(latents, latent.entry).load(latent, device, dtype, quantize)
    return representation, [catalogue.load(perceptors, files.entry).load(files, device, dtype) for files in scorers]
