"""Compute one frame in stages: what it starts from, what is mixed into that, and its refinement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from render import catalogue, sources
from render.guidance.micro_batch import MicroBatched
from render.guidance.prompts import PromptEncoder
from render.latents import Latent
from render.motion.displacements import Displace
from render.motion.warm_start import warm_start
from render.motion.warp import warp
from render.priors import Prior
from render.refinement.coarse import refine_coarsely
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Guide, Refinement
from render.refinement.scheduler import Scheduler
from render.renderer.guide_pictures import GuidePictures
from render.renderer.latent_noise import NoiseInLatents
from render.renderer.state import FrameState
from render.rng import frame_generator
from render.sources import Loaded, Source, Start
from render.spec import FrameSpec, LatentNoise


@dataclass(frozen=True, kw_only=True)
class Models:
    """What frames are computed with.

    Attributes:
        weights, encoders: of each perceptor, its weight among them and what embeds its prompts.
        priors: by name, see `FrameSpec.start`.
        displace: moves the picture, an entry of `render.motion.displacements`.
        source: makes what the first frame and cuts start from if their spec does not say, an entry of `render.sources`.
        loss_scale: see `LatentAdam`.
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


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a frame is before its refinement.

    Attributes:
        image: (1, 3, H, W) in [0, 1].
        latent: (1, C, h, w), the latent that decodes to `image`; None if there is none.
        start: (1, C, h, w), the latent that refinement starts from; None if `image` has to be encoded, or if the frame
            is not refined.
    """

    image: Tensor
    latent: Tensor | None
    start: Tensor | None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The picture of a frame, the latent that decodes to it if there is one, and the optimiser's state."""

    image: Tensor
    latent: Tensor | None
    optimizer_state: dict[str, Tensor]


class Stages:
    """The stages of every frame of one run.

    Args:
        scheduler: takes the steps of refinement.
    """

    def __init__(self, models: Models, scheduler: Scheduler) -> None:
        self._models = models
        self.scheduler = scheduler
        self._guide_pictures = GuidePictures(models.latents, self.begun)
        self._noise = NoiseInLatents(models.latents)

    def finished(
        self, state: FrameState | None, spec: FrameSpec, guides: Sequence[Guide], *, careful: bool
    ) -> Finished:
        """Compute a frame.

        Args:
            state: the previous frame; None for a frame that starts from a source.
            careful: check every step of the refinement, see `Refinement`.

        Raises:
            NonFiniteError: `careful` is set, and a step is non-finite at every learning rate that is tried.
        """
        generator = frame_generator(spec.seed, spec.draws_as, self._models.device)
        refined = bool(spec.num_steps and spec.losses)
        prepared = self._begun(spec, generator) if state is None else self._moved(state, spec, refined)
        prepared = self._altered(prepared, spec, refined)
        if spec.noise is not None and state is not None:
            prepared = self._noisy(prepared, spec.noise, state, spec, refined)
        if refined and prepared.start is None:
            prepared, spec = self._refined_coarsely(prepared, spec, guides, generator)
        carried = state.optimizer_state if state is not None else {}
        if prepared.start is None or not refined:
            return Finished(image=prepared.image, latent=prepared.latent, optimizer_state=carried)
        models = self._models
        optimizer = LatentAdam(prepared.start, carried if spec.carry_optimizer else None, models.loss_scale, spec.adapt)
        refinement = Refinement(
            latents=models.latents,
            guides=guides,
            anchor=prepared.image,
            spec=spec,
            generator=generator,
            careful=careful,
        )
        image = self.scheduler.refine(refinement, optimizer)
        return Finished(image=image, latent=optimizer.latent.detach(), optimizer_state=optimizer.state())

    def begun(self, spec: FrameSpec, generator: torch.Generator) -> Start:
        """Return what a frame without a predecessor starts from."""
        source: Source = catalogue.load(sources, self._models.source if spec.start is None else "prior").start
        return source(spec, spec.size, generator, self.loaded(spec))

    def loaded(self, spec: FrameSpec) -> Loaded:
        """Return the models as a source gets them."""
        models = self._models
        return Loaded(
            latents=models.latents,
            perceptors=models.perceptors,
            weights=models.weights,
            targets=[encoder.targets(spec.prompts, spec.blend) for encoder in models.encoders],
            priors=models.priors,
        )

    def guides(self, spec: FrameSpec) -> list[Guide]:
        """Return the perceptors that have targets in a frame, with those targets."""
        models = self._models
        targets = (encoder.targets(spec.prompts, spec.blend) for encoder in models.encoders)
        pairs = zip(models.perceptors, targets, models.weights, strict=True)
        return [
            Guide(perceptor=perceptor, targets=target, weight=weight)
            for perceptor, target, weight in pairs
            if target is not None
        ]

    def _begun(self, spec: FrameSpec, generator: torch.Generator) -> Prepared:
        start = self.begun(spec, generator)
        return Prepared(image=start.image, latent=start.latent, start=start.latent)

    def _moved(self, state: FrameState, spec: FrameSpec, refined: bool) -> Prepared:
        """Return the previous picture after this frame's motion."""
        motion = self._models.displace(state.image, spec)
        image = warp(state.image, motion, spec.border)
        latent = state.latent if image is state.image else None
        if latent is not None or not (refined or spec.noise):
            return Prepared(image=image, latent=latent, start=latent if refined else None)
        start = warm_start(self._models.latents, state.image, state.latent, image, motion)
        return Prepared(image=image, latent=None, start=start)

    def _altered(self, prepared: Prepared, spec: FrameSpec, refined: bool) -> Prepared:
        """Return what refinement gets, after everything that changes it first, in order."""
        if spec.guide_pictures:
            prepared = self._guided(prepared, spec, refined)
        return prepared

    def _guided(self, prepared: Prepared, spec: FrameSpec, refined: bool) -> Prepared:
        """Mix in the pictures of scenes that are arriving."""
        own = prepared.latent if prepared.start is None else prepared.start
        latent = self._guide_pictures.mixed(prepared.image, own, spec)
        image = self._models.latents.decode(latent).detach()
        return Prepared(image=image, latent=latent, start=latent if refined else None)

    def _noisy(
        self, prepared: Prepared, noise: LatentNoise, state: FrameState, spec: FrameSpec, refined: bool
    ) -> Prepared:
        """Add noise to the latent; the anchor of the refinement stays without it."""
        latents, own = self._models.latents, prepared.latent if prepared.start is None else prepared.start
        assert own is not None
        latent = self._noise.noisy(own, noise, spec, self._models.displace(state.image, spec))
        if refined:
            return replace(prepared, latent=None, start=latent)
        return Prepared(image=latents.decode(latent).detach(), latent=latent, start=None)

    def _refined_coarsely(
        self, prepared: Prepared, spec: FrameSpec, guides: Sequence[Guide], generator: torch.Generator
    ) -> tuple[Prepared, FrameSpec]:
        """Take the coarse steps; return the picture to go on from, and the spec of the remaining steps."""
        latents = self._models.latents
        image, rest = refine_coarsely(
            latents, guides, prepared.image, spec, generator, self._models.loss_scale, self.scheduler
        )
        return replace(prepared, image=image, start=latents.encode(image)), rest
