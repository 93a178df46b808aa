"""Compute one frame in stages: what it starts from, what is mixed into that, and its refinement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from render import catalogue, sources
from render.guidance.masks import Masks
from render.guidance.micro_batch import MicroBatched
from render.guidance.prompts import PromptEncoder
from render.latents import Latent
from render.motion.canvas.painting import Painter
from render.motion.displacements import Displace
from render.motion.warm_start import warm_start
from render.motion.warp import warp
from render.priors import Prior
from render.refinement.areas import Areas
from render.refinement.coarse import refine_coarsely
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Guide, Refinement
from render.refinement.scheduler import Scheduler
from render.renderer.colours import matched
from render.renderer.continuing import continued
from render.renderer.guide_pictures import GuidePictures
from render.renderer.image_guides import ImageGuides
from render.renderer.latent_noise import NoiseInLatents
from render.renderer.placing import Placing
from render.renderer.state import FrameState
from render.rng import frame_generator
from render.sources import Loaded, Source, Start
from render.spec import PAINT, FrameSpec
from render.spec.noise import LatentNoise

Mix = Callable[[Tensor, Tensor | None, FrameSpec], Tensor]


@dataclass(frozen=True, kw_only=True)
class Models:
    """What frames are computed with.

    Attributes:
        weights, encoders: of each perceptor, its weight among them and what embeds its prompts.
        priors: by name, see `FrameSpec.start`.
        displace: moves the picture, an entry of `render.motion.displacements`.
        source: makes what the first frame and cuts start from if their spec does not say, an entry of `render.sources`.
        loss_scale: see `LatentAdam`.
        masks: draws regions.
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


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a frame is before its refinement.

    Attributes:
        image: (1, 3, H, W) in [0, 1].
        latent: (1, C, h, w), the latent that decodes to `image`; None if there is none.
        start: (1, C, h, w), the latent that refinement starts from; None if `image` has to be encoded, or if the frame
            is not refined.
        canvas: see `FrameState.canvas`.
    """

    image: Tensor
    latent: Tensor | None
    start: Tensor | None
    canvas: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The picture of a frame, the latent that decodes to it if there is one, the optimiser's state, and the canvas."""

    image: Tensor
    latent: Tensor | None
    optimizer_state: dict[str, Tensor]
    canvas: Tensor | None = None


class Stages:
    """The stages of every frame of one run.

    Args:
        scheduler: takes the steps of refinement.
    """

    def __init__(self, models: Models, scheduler: Scheduler) -> None:
        self._models = models
        self.scheduler = scheduler
        self._guide_pictures = GuidePictures(models.latents, self.begun)
        self._painter = Painter(models.latents.stride)
        self._image_guides = ImageGuides(models.latents, models.displace, models.device)
        self._placing = Placing(models.masks, models.latents)
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
        prepared = self._begun(spec, generator) if state is None else self._moved(state, spec, refined, generator)
        is_noise = state is None and spec.start is None
        areas = self._placing.areas(spec, prepared.image, is_noise=is_noise)
        guides = self.placed(guides, spec, None if is_noise else prepared.image)
        prepared = self._altered(prepared, state, spec, refined)
        if refined and prepared.start is None:
            prepared, spec = self._refined_coarsely(prepared, spec, guides, generator, areas)
        carried = state.optimizer_state if state is not None else {}
        if prepared.start is None or not refined:
            found = Finished(
                image=prepared.image, latent=prepared.latent, optimizer_state=carried, canvas=prepared.canvas
            )
            return self._restored(found, areas)
        models = self._models
        optimizer = LatentAdam(prepared.start, carried if spec.carry_optimizer else None, models.loss_scale, spec.adapt)
        refinement = Refinement(
            latents=models.latents,
            guides=guides,
            anchor=prepared.image,
            spec=spec,
            generator=generator,
            careful=careful,
            guide_images=self._image_guides.for_loss(spec, guides),
            areas=areas,
        )
        image = self.scheduler.refine(refinement, optimizer)
        found = Finished(
            image=image,
            latent=optimizer.latent.detach(),
            optimizer_state=optimizer.state(),
            canvas=prepared.canvas,
        )
        return self._restored(found, areas)

    def _restored(self, found: Finished, areas: Areas) -> Finished:
        """Lay what is kept over the finished picture."""
        if areas.kept is None:
            return found
        image, latent = self._placing.restored(found.image, found.latent, areas.kept)
        return replace(found, image=image, latent=latent)

    def begun(self, spec: FrameSpec, generator: torch.Generator) -> Start:
        """Return what a frame without a predecessor starts from."""
        source: Source = catalogue.load(sources, sources.named_by(spec.start) or self._models.source).start
        return self._placing.begun(spec, lambda part: source(part, part.size, generator, self.loaded(part)))

    def loaded(self, spec: FrameSpec) -> Loaded:
        """Return the models as a source gets them."""
        models = self._models
        return Loaded(
            latents=models.latents,
            perceptors=models.perceptors,
            weights=spec.perceptors or models.weights,
            targets=[encoder.targets(spec.prompts, spec.blend) for encoder in models.encoders],
            priors=models.priors,
        )

    def guides(self, spec: FrameSpec) -> list[Guide]:
        """Return the perceptors that have a weight and targets in a frame, with those targets."""
        models = self._models
        targets = (encoder.targets(spec.prompts, spec.blend) for encoder in models.encoders)
        pairs = zip(models.perceptors, targets, spec.perceptors or models.weights, strict=True)
        return [
            Guide(perceptor=perceptor, targets=target, weight=weight)
            for perceptor, target, weight in pairs
            if target is not None and weight
        ]

    def placed(self, guides: Sequence[Guide], spec: FrameSpec, picture: Tensor | None) -> list[Guide]:
        """Return the guides with the regions of a frame's prompts, see `Placing.guides`."""
        return self._placing.guides(guides, spec, picture)

    def _begun(self, spec: FrameSpec, generator: torch.Generator) -> Prepared:
        start = self.begun(spec, generator)
        return Prepared(image=start.image, latent=start.latent, start=start.latent)

    def _moved(self, state: FrameState, spec: FrameSpec, refined: bool, generator: torch.Generator) -> Prepared:
        """Return the previous picture after this frame's motion."""
        motion = self._models.displace(state.image, spec)
        if spec.border == PAINT:
            image, canvas = self._painter.moved(
                state.image, state.canvas, motion, partial(continued, loaded=self.loaded(spec)), generator
            )
        else:
            image, canvas = warp(state.image, motion, spec.border), None
        if not _mixes(spec):  # else that comes first
            image = matched(image, state, spec)
        latent = state.latent if image is state.image else None
        if latent is not None or not (refined or spec.noise):
            return Prepared(image=image, latent=latent, start=latent if refined else None, canvas=canvas)
        start = warm_start(self._models.latents, state.image, state.latent, image, motion)
        return Prepared(image=image, latent=None, start=start, canvas=canvas)

    def _altered(self, prepared: Prepared, state: FrameState | None, spec: FrameSpec, refined: bool) -> Prepared:
        """Return what refinement gets, after everything that changes it first, in order."""
        if spec.guide_pictures:
            prepared = self._guided(prepared, self._guide_pictures.mixed, spec, refined)
        if any(guide.share for guide in spec.image_guides):
            prepared = self._guided(prepared, self._image_guides.mixed, spec, refined)
        if spec.colour is not None and (state is None or _mixes(spec)):
            prepared = self._matched(prepared, state, spec, refined)
        if spec.noise is not None and state is not None:
            prepared = self._noisy(prepared, spec.noise, state, spec, refined)
        return prepared

    def _guided(self, prepared: Prepared, mixed: Mix, spec: FrameSpec, refined: bool) -> Prepared:
        """Mix in the pictures of scenes that are arriving, or those of `guides:`."""
        own = prepared.latent if prepared.start is None else prepared.start
        latent = mixed(prepared.image, own, spec)
        image = self._models.latents.decode(latent).detach()
        return replace(prepared, image=image, latent=latent, start=latent if refined else None)

    def _matched(self, prepared: Prepared, state: FrameState | None, spec: FrameSpec, refined: bool) -> Prepared:
        """Match the colours of a picture that has not been moved."""
        image = matched(prepared.image, state, spec)
        if image is prepared.image:
            return prepared
        if prepared.start is None:
            return replace(prepared, image=image, latent=None)
        still = self._models.displace(image, replace(spec, transforms={}))
        start = warm_start(self._models.latents, prepared.image, prepared.latent, image, still)
        return replace(prepared, image=image, latent=None, start=start)

    def _noisy(
        self, prepared: Prepared, noise: LatentNoise, state: FrameState, spec: FrameSpec, refined: bool
    ) -> Prepared:
        """Add noise to the latent; the anchor of the refinement stays without it."""
        latents, own = self._models.latents, prepared.latent if prepared.start is None else prepared.start
        assert own is not None
        latent = self._noise.noisy(own, noise, spec, self._models.displace(state.image, spec))
        if refined:
            return replace(prepared, latent=None, start=latent)
        return replace(prepared, image=latents.decode(latent).detach(), latent=latent, start=None)

    def _refined_coarsely(
        self, prepared: Prepared, spec: FrameSpec, guides: Sequence[Guide], generator: torch.Generator, areas: Areas
    ) -> tuple[Prepared, FrameSpec]:
        """Take the coarse steps; return the picture to go on from, and the spec of the remaining steps."""
        latents = self._models.latents
        image, rest = refine_coarsely(
            latents,
            guides,
            prepared.image,
            spec,
            generator,
            self._models.loss_scale,
            self.scheduler,
            self._image_guides.for_loss(spec, guides),
            areas,
        )
        return replace(prepared, image=image, start=latents.encode(image)), rest


def _mixes(spec: FrameSpec) -> bool:
    """Whether pictures are mixed into the frame before its colours are matched."""
    return bool(spec.guide_pictures) or any(guide.share for guide in spec.image_guides)
