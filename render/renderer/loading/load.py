"""Load the models of a schedule into a renderer."""

from collections.abc import Sequence

import torch

from render import catalogue, latents, priors
from render.device.heap import keep_freed_memory
from render.device.repeatable import make_repeatable
from render.guidance import clipseg, perceptors
from render.guidance.masks import no_segmenter
from render.guidance.perceptors import Perceptor
from render.latents import Latent
from render.models.model import ModelFiles
from render.motion.depth import estimators
from render.motion.displacements import Fields
from render.priors import Prior
from render.renderer.loading.footage import FootageOnDemand
from render.renderer.renderer import Renderer, Scorer, Warn


def load_renderer(
    latent: ModelFiles,
    scorers: Sequence[tuple[ModelFiles, float]],
    quantize: bool,
    device: torch.device,
    dtype: torch.dtype,
    warn: Warn = lambda text: None,
    proposers: Sequence[ModelFiles] = (),
    segmenter: ModelFiles | None = None,
    others: Sequence[tuple[ModelFiles, bool, Sequence[ModelFiles]]] = (),
    flow: ModelFiles | None = None,
    depths: Sequence[ModelFiles] = (),
) -> Renderer:
    """Load the models of a schedule.

    Args:
        latent: the latent model's files.
        scorers: the perceptors' files, each with its weight.
        quantize: snap latents to the codebook (see `Model.quantize`).
        warn: see `Renderer`.
        proposers: the priors' files.
        segmenter: the files of the model that finds texts in pictures, if a region needs one.
        others: the files of more latent models, each with `quantize` and the files of its priors.
        flow: the files of what finds the motion of footage, if any moves.
        depths: the files of what estimates depth.

    Raises:
        WeightsError: files are missing or do not fit.
        UnfitPriorError: a prior was made for other models.
    """
    representation, seeing = load_models(latent, [files for files, _ in scorers], quantize, device, dtype)
    loaded = [
        Scorer(perceptor=perceptor, weight=weight) for perceptor, (_, weight) in zip(seeing, scorers, strict=True)
    ]

    def named(proposers: Sequence[ModelFiles], drawing: Latent) -> dict[str, Prior]:
        return {
            files.name: catalogue.load(priors, files.entry).load(files, drawing, seeing, device, dtype)
            for files in proposers
        }

    drawn = [(_latent(files, snapped, device, dtype), own) for files, snapped, own in others]
    footage = FootageOnDemand(device, flow)
    return Renderer(
        representation,
        loaded,
        device,
        dtype,
        warn,
        priors=named(proposers, representation),
        segment=no_segmenter if segmenter is None else clipseg.load(segmenter, device),
        fields=Fields(flow=footage.flow),
        show=footage.show,
        estimates={files.name: catalogue.load(estimators, files.entry).load(files, device, dtype) for files in depths},
        others=[(drawing, named(own, drawing)) for drawing, own in drawn],
    )


def load_models(
    latent: ModelFiles, scorers: Sequence[ModelFiles], quantize: bool, device: torch.device, dtype: torch.dtype
) -> tuple[Latent, list[Perceptor]]:
    """Load a latent model and perceptors. Raises `WeightsError` if files are missing or do not fit."""
    keep_freed_memory()
    make_repeatable(device, dtype)
    representation = _latent(latent, quantize, device, dtype)
    return representation, [catalogue.load(perceptors, files.entry).load(files, device, dtype) for files in scorers]


def _latent(files: ModelFiles, quantize: bool, device: torch.device, dtype: torch.dtype) -> Latent:
    found: Latent = catalogue.load(latents, files.entry).load(files, device, dtype, quantize)
    return found
