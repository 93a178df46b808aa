"""Prepare a frame for refinement: begin or move it, mix pictures in, match its colours, add noise, in this order."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from render import catalogue, sources
from render.guidance.followed import Followed
from render.motion.canvas.painting import Painter
from render.motion.composed import carried
from render.motion.displacements import Displacement
from render.motion.repainting import drawn, mixed, repainted_start
from render.motion.shown import trusted
from render.motion.warm_start import warm_start
from render.motion.warp import warp
from render.renderer.colours import matched
from render.renderer.continuing import continued
from render.renderer.frame_models import FrameModels
from render.renderer.guide_pictures import GuidePictures
from render.renderer.image_guides import ImageGuides
from render.renderer.latent_noise import NoiseInLatents
from render.renderer.placing import Placing
from render.renderer.state import FrameState
from render.sources import Source, Start
from render.spec import PAINT, FrameSpec
from render.spec.footage import SourceFrame
from render.spec.noise import LatentNoise

TEMPORAL = "temporal"  # the loss that needs the moved picture
Mix = Callable[[Tensor, Tensor | None, FrameSpec], Tensor]


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a frame is before its refinement.

    Attributes:
        image: (1, 3, H, W) in [0, 1].
        latent: (1, C, h, w), the latent that decodes to `image`; None if there is none.
        start: (1, C, h, w), the latent that refinement starts from; None if `image` has to be encoded, or if the frame
            is not refined.
        seen: (1, 3, H, W) in [0, 1], what a source has begun it with or the moved one, before anything else changes it.
        canvas: see `FrameState.canvas`.
        own: (1, 3, H, W) in [0, 1], the picture of its footage, see `FrameSpec.source`; None without any.
        share: (1, 1, H, W) in [0, 1], how much of the moved picture is in it; None for all of it.
        motion: what has moved it; None without a predecessor.
        nearness: see `FrameState.nearness`.
        followed: what the loss `temporal` compares with; None if there is no such loss or no previous frame.
    """

    image: Tensor
    latent: Tensor | None
    start: Tensor | None
    seen: Tensor
    canvas: Tensor | None = None
    own: Tensor | None = None
    share: Tensor | None = None
    motion: Displacement | None = None
    nearness: Tensor | None = None
    followed: Followed | None = None


class Preparation:
    """Prepares the frames of one run; `image_guides` are the pictures that it mixes in, which a loss may use too."""

    def __init__(self, models: FrameModels, placing: Placing) -> None:
        self._models = models
        self._placing = placing
        self._painter = Painter(models.latents.stride)
        self._guide_pictures = GuidePictures(models.latents, self.source)
        self._noise = NoiseInLatents(models.latents)
        self.image_guides = ImageGuides(models.latents, models.displace, models.device)

    def source(self, spec: FrameSpec, generator: torch.Generator) -> Start:
        """Return what a frame without a predecessor starts from."""
        source: Source = catalogue.load(sources, sources.named_by(spec) or self._models.source).start
        return self._placing.begun(spec, lambda part: source(part, part.size, generator, self._models.loaded(part)))

    def begun(self, spec: FrameSpec, generator: torch.Generator) -> Prepared:
        """Begin a frame without a predecessor."""
        start = self.source(spec, generator)
        return Prepared(
            image=start.image, latent=start.latent, start=start.latent, seen=start.image, own=self.own(spec)
        )

    def own(self, spec: FrameSpec) -> Tensor | None:
        """Return the picture of a frame's source: (1, 3, H, W) in [0, 1]; None if it has none."""
        return None if spec.source is None else self._models.show(spec.source.image, spec.size)

    def moved(self, state: FrameState, spec: FrameSpec, refined: bool, generator: torch.Generator) -> Prepared:
        """Return the previous picture after this frame's motion."""
        if spec.source is not None:
            return self._repainted(state, spec, spec.source, refined)
        motion, nearness = self._motion(state, spec)
        if spec.border == PAINT:
            continues = partial(continued, loaded=partial(self._models.loaded, spec))
            image, canvas = self._painter.moved(state.image, state.canvas, motion, continues, generator)
        else:
            image, canvas = warp(state.image, motion, spec.border), None
        seen = image
        followed = Followed(picture=image, trust=trusted(motion, image)) if TEMPORAL in spec.losses else None
        if not _mixes(spec):  # else that comes first
            image = matched(image, state, spec)
        latent = state.latent if image is state.image else None
        start = latent if refined else None
        if latent is None and (refined or spec.noise):
            start = warm_start(self._models.latents, state.image, state.latent, image, motion)
        return Prepared(
            image=image,
            latent=latent,
            start=start,
            seen=seen,
            canvas=canvas,
            motion=motion,
            nearness=nearness,
            followed=followed,
        )

    def _motion(self, state: FrameState, spec: FrameSpec) -> tuple[Displacement, Tensor | None]:
        """Return what moves the previous picture, and `FrameState.nearness` after it."""
        motion = self._models.displace(state.image, spec.motions, state.nearness)
        return motion, None if state.nearness is None else carried(motion, state.nearness)

    def _repainted(self, state: FrameState, spec: FrameSpec, source: SourceFrame, refined: bool) -> Prepared:
        """Return the source's picture, into which the previous one is mixed after this frame's motion."""
        latents, own = self._models.latents, self._models.show(source.image, spec.size)
        motion, nearness = self._motion(state, spec)
        moved, trust = warp(state.image, motion, spec.border), trusted(motion, state.image)
        share = source.mix * trust
        image = seen = mixed(own if refined else drawn(latents, own), moved, source.mix, trust)
        if not _mixes(spec):
            image = matched(image, state, spec, own)
        start = None
        if refined or spec.noise:
            latent = state.latent if source.mix else None
            start = repainted_start(latents, state.image, latent, image, motion, share)
        followed = Followed(picture=moved, trust=trust) if TEMPORAL in spec.losses else None
        return Prepared(
            image=image,
            latent=None,
            start=start,
            seen=seen,
            own=own,
            share=share,
            motion=motion,
            nearness=nearness,
            followed=followed,
        )

    def altered(self, prepared: Prepared, state: FrameState | None, spec: FrameSpec, refined: bool) -> Prepared:
        """Return what refinement gets, after everything that changes it first, in order."""
        if spec.guide_pictures:
            prepared = self._guided(prepared, self._guide_pictures.mixed, spec, refined)
        if any(guide.share for guide in spec.image_guides):
            prepared = self._guided(prepared, self.image_guides.mixed, spec, refined)
        if spec.colour is not None and (state is None or _mixes(spec)):
            prepared = self._matched(prepared, state, spec, refined)
        if spec.noise is not None and state is not None:
            prepared = self._noisy(prepared, spec.noise, spec, refined)
        return prepared

    def _guided(self, prepared: Prepared, mixed: Mix, spec: FrameSpec, refined: bool) -> Prepared:
        """Mix in the pictures of scenes that are arriving, or those of `guides:`."""
        own = prepared.latent if prepared.start is None else prepared.start
        latent = mixed(prepared.image, own, spec)
        image = self._models.latents.decode(latent).detach()
        return replace(prepared, image=image, latent=latent, start=latent if refined else None)

    def _matched(self, prepared: Prepared, state: FrameState | None, spec: FrameSpec, refined: bool) -> Prepared:
        """Match the colours of a picture that has not been moved."""
        image = matched(prepared.image, state, spec, prepared.own)
        if image is prepared.image:
            return prepared
        if prepared.start is None:
            return replace(prepared, image=image, latent=None)
        still = self._models.displace(image, ())
        start = warm_start(self._models.latents, prepared.image, prepared.latent, image, still)
        return replace(prepared, image=image, latent=None, start=start)

    def _noisy(self, prepared: Prepared, noise: LatentNoise, spec: FrameSpec, refined: bool) -> Prepared:
        """Add noise to the latent; the anchor of the refinement stays without it."""
        latents, own = self._models.latents, prepared.latent if prepared.start is None else prepared.start
        own = latents.encode(prepared.image) if own is None else own
        assert prepared.motion is not None
        latent = self._noise.noisy(own, noise, spec, prepared.motion, prepared.share)
        if refined:
            return replace(prepared, latent=None, start=latent)
        return replace(prepared, image=latents.decode(latent).detach(), latent=latent, start=None)


def _mixes(spec: FrameSpec) -> bool:
    """Whether pictures are mixed into the frame before its colours are matched."""
    return bool(spec.guide_pictures) or any(guide.share for guide in spec.image_guides)
