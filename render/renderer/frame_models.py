"""The models that frames are computed with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from render.guidance.masks import Masks
from render.guidance.micro_batch import MicroBatched
from render.guidance.prompts import PromptEncoder
from render.latents import Latent
from render.motion.depth.estimators import Estimate
from render.motion.displacements import Displace
from render.motion.warp import warp
from render.priors import Prior
from render.refinement.refine import Guide
from render.sources import Loaded, Show
from render.spec import FrameMotion, FrameSpec
from render.spec.footage import SourceImage


def filmed(show: Show, displace: Displace) -> Show:
    """Return `show` for pictures that a camera in a room has moved as well."""

    def shown(image: SourceImage, size: tuple[int, int]) -> Tensor:
        if image.camera is None:
            return show(image, size)
        picture = show(replace(image, camera=None), size)
        motion = FrameMotion(transforms={}, center=(0.5, 0.5), camera=image.camera)
        return warp(picture, displace(picture, [motion]), "reflect")

    return shown


@dataclass(frozen=True, kw_only=True)
class FrameModels:
    """What frames are computed with.

    Attributes:
        weights, encoders: of each perceptor, its weight among them and what embeds its prompts.
        priors: by name, see `FrameSpec.start`.
        displace: moves the picture.
        source: makes what the first frame and cuts start from if their spec does not say, an entry of `render.sources`.
        loss_scale: see `LatentAdam`.
        masks: draws regions.
        show: returns the pictures of sources.
        estimates: what estimates depth, by the name of its model.
    """

    latents: Latent
    perceptors: Sequence[MicroBatched]
    weights: Sequence[float]
    encoders: Sequence[PromptEncoder]
    priors: Mapping[str, Prior]
    displace: Displace
    source: str
    loss_scale: float
    device: torch.device
    masks: Masks
    show: Show
    estimates: Mapping[str, Estimate]

    def loaded(self, spec: FrameSpec) -> Loaded:
        """Return the models as a source gets them."""
        return Loaded(
            latents=self.latents,
            perceptors=self.perceptors,
            weights=spec.perceptors or self.weights,
            targets=[encoder.targets(spec.prompts, spec.blend) for encoder in self.encoders],
            priors=self.priors,
            show=self.show,
        )

    def guides(self, spec: FrameSpec) -> list[Guide]:
        """Return the perceptors that have a weight and targets in a frame, with those targets."""
        targets = (encoder.targets(spec.prompts, spec.blend) for encoder in self.encoders)
        pairs = zip(self.perceptors, targets, spec.perceptors or self.weights, strict=True)
        return [
            Guide(perceptor=perceptor, targets=target, weight=weight)
            for perceptor, target, weight in pairs
            if target is not None and weight
        ]
