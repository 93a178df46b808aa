"""Run the refinement loop: move a latent until CLIP sees the prompts in its picture.

Source: the VQGAN+CLIP loop of Crowson et al., "VQGAN-CLIP" (2022). What differs: all cutouts are sampled by
one resample, the optimiser's state is carried over from the previous frame, and the learning rate is in units
of the codebook's standard deviation, so that 0.1 means the same for every VQGAN.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from render import catalogue
from render.errors import NonFiniteError
from render.guidance import augment, cutouts, losses
from render.guidance.colour import palettes
from render.guidance.followed import Followed
from render.guidance.guide_images import GuideImages
from render.guidance.losses import LossInputs
from render.guidance.perceptors import Perceptor
from render.guidance.prompts import Targets
from render.guidance.stencils import Stencil, only_inside
from render.latents import Latent
from render.refinement.areas import NOWHERE, Areas
from render.refinement.optimizer import LatentAdam
from render.rng import Generators
from render.spec import FrameSpec

HALVINGS = 4  # of the learning rate, before a non-finite step is an error


@dataclass(frozen=True, kw_only=True)
class Guide:
    """A perceptor, its targets in this frame, and its weight among the perceptors."""

    perceptor: Perceptor
    targets: Targets
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class EmbeddedCutouts:
    """The cutouts of every picture that one perceptor sees in one step.

    Attributes:
        views: (B, N, 3, 3), the matrices of the N cutouts (see `render.guidance.cutouts.draw`).
        embeddings: (B, N, D), unit vectors, differentiable in the pictures.
        coverage: see `Targets`.
    """

    views: Tensor
    embeddings: Tensor
    coverage: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """Everything that is constant over the steps of a frame.

    Attributes:
        anchor: (B, 3, H, W) in [0, 1], the warped previous frame.
        generator: the frame's own generator, from which all its random numbers are drawn.
        careful: check the latent after every step, and repeat steps whose result is not finite.
        guide_images: the pictures that the frames are pulled towards; None without any.
        weights: loss weights, (B,) each, which replace the spec's if every picture has its own.
        palettes: (B, K, 3) in OKLab, which replace the spec's if every picture has its own.
        areas: where losses apply, and what is kept as it is.
        followed: the last results, moved, if the frame has a loss for that.
        pace: (B, 1, h, w), what the learning rate is multiplied by in every cell; None for 1 everywhere.
    """

    latents: Latent
    guides: Sequence[Guide]
    anchor: Tensor
    spec: FrameSpec
    generator: Generators
    careful: bool = False
    guide_images: GuideImages | None = None
    weights: Mapping[str, Tensor] = field(default_factory=dict)
    areas: Areas = NOWHERE
    palettes: Tensor | None = None
    followed: Followed | None = None
    pace: Tensor | None = None

    @property
    def palette(self) -> Tensor | None:
        """The colours that a loss pulls to, (1 or B, K, 3) in OKLab; None without one."""
        if self.palettes is not None or self.spec.colour is None or not self.spec.colour.palette:
            return self.palettes
        return palettes.in_oklab(self.spec.colour.palette, self.anchor.device)

    def take_step(self, optimizer: LatentAdam, lr: Tensor) -> Tensor:
        """Take one step, checked if the refinement is `careful`; return the learning rate of the next one.

        Args:
            lr: (B, 1, 1, 1).

        Raises:
            NonFiniteError: `careful` is set, and the step is non-finite at every learning rate that is tried.
        """
        if self.careful:
            return self._step_carefully(optimizer, lr)
        self.step(optimizer, lr)
        return lr

    def step(self, optimizer: LatentAdam, lr: float | Tensor) -> None:
        """Take one step of at most about `lr` per element; the latent is kept in the codebook's range.

        Args:
            lr: one number for all pictures, or (B, 1, 1, 1).
        """
        optimizer.step(self._loss(optimizer.latent), lr if self.pace is None else lr * self.pace)
        optimizer.replace(self.latents.project(optimizer.latent))

    def _loss(self, latent: Tensor) -> Tensor:
        image = self.latents.decode(latent)
        if self.areas.kept is not None:
            image = self.areas.kept.over(image)
        seen = self._embed_cutouts(image)
        inputs = LossInputs(
            image=image,
            latent=latent,
            anchor=self.anchor,
            embeddings=[each.embeddings for each in seen],
            targets=[
                guide.targets if each.coverage is None else replace(guide.targets, coverage=each.coverage)
                for guide, each in zip(self.guides, seen, strict=True)
            ],
            shares=[guide.weight for guide in self.guides],
            palette=self.palette,
            guide_images=self.guide_images,
            followed=self.followed,
        )
        weighted = (self.weights or self.spec.losses).items()
        return functools.reduce(torch.add, [(weight * self._loss_of(name, inputs)).sum() for name, weight in weighted])

    def _loss_of(self, name: str, inputs: LossInputs) -> Tensor:
        if name in self.areas.losses:
            inputs = replace(inputs, image=only_inside(inputs.image, self.areas.losses[name]))
        found: Tensor = catalogue.load(losses, name).loss(inputs)
        return found

    def _embed_cutouts(self, image: Tensor) -> list[EmbeddedCutouts]:
        strength = augment.STRENGTHS[self.spec.augment]
        perceptors = [each.perceptor for each in self.guides]
        if self._stencil is not None:
            image = self._stencil.over(image)
        return embed_cutouts(image, perceptors, self.spec.num_cutouts, strength, self.generator, self._stencil)

    @functools.cached_property
    def _stencil(self) -> Stencil | None:
        """The regions of the prompts, which are the same for every perceptor."""
        return self.guides[0].targets.stencil if self.guides else None

    def _step_carefully(self, optimizer: LatentAdam, lr: Tensor) -> Tensor:
        """Take a step; while it is non-finite, repeat it from the last latent at half the rate. Return the rate.

        A gradient that is too large for fp16 would be so at any rate: the loss scale is halved as well.
        """
        for _ in range(HALVINGS + 1):
            good = optimizer.snapshot()
            self.step(optimizer, lr)
            if bool(optimizer.latent.isfinite().all()):
                return lr
            optimizer.restore(good)
            optimizer.halve_loss_scale()
            lr = lr / 2
        raise NonFiniteError(
            f"frame {self.spec.index}: the refinement became NaN or infinite, even at a learning rate"
            f" {2**HALVINGS} times smaller; try a smaller refine.lr or other losses"
        )


def embed_cutouts(
    image: Tensor,
    perceptors: Sequence[Perceptor],
    count: int,
    strength: augment.Strength,
    generators: Generators,
    stencil: Stencil | None = None,
) -> list[EmbeddedCutouts]:
    """Embed `count` augmented cutouts of every picture (B, 3, H, W) in [0, 1] with each perceptor.

    Perceptors with the same cutout size see the same cutouts. With a stencil, cutouts are dealt to its regions.
    """
    aspect = image.shape[-1] / image.shape[-2]
    drawn: dict[int, tuple[Tensor, Tensor, Tensor | None]] = {}
    for side in (perceptor.side for perceptor in perceptors):
        if side not in drawn:
            views = cutouts.draw(len(image), count, aspect, strength, generators)
            looks, coverage = cutouts.sample(image, views, side), None
            if stencil is not None:
                dealt = stencil.deal(views, side)
                looks, coverage = only_inside(looks, dealt.mask), dealt.coverage
            drawn[side] = views, augment.alter(looks, strength, generators).flatten(0, 1), coverage
    seen = []
    for perceptor in perceptors:
        views, pixels, coverage = drawn[perceptor.side]
        embeddings = perceptor.encode_image(pixels).view(len(image), count, -1)
        seen.append(EmbeddedCutouts(views=views, embeddings=embeddings, coverage=coverage))
    return seen


@torch.no_grad()
def similarity(image: Tensor, guides: Sequence[Guide]) -> Tensor:
    """Measure how well pictures match their prompts: weighted mean over the guides, (B,); NaN without a guide.

    Args:
        image: (B, 3, H, W) in [0, 1], embedded as a whole.
    """
    if not guides:
        return torch.full((len(image),), torch.nan, device=image.device)
    seen = []
    for guide in guides:
        view = cutouts.whole(image, guide.perceptor.side)
        embeddings = guide.perceptor.encode_image(view.flatten(0, 1))
        seen.append(guide.weight * guide.targets.similarity(embeddings.unsqueeze(1)))
    return torch.stack(seen).sum(dim=0) / sum(guide.weight for guide in guides)
