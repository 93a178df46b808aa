"""Refine several pictures as one batch, each with the same random numbers and settings as if it were alone.

Each picture keeps its own anchor, prompts, loss weights, learning rate, Adam step count, running average, and
generator, from which the same numbers are drawn in the same order. Pictures of a batch do not affect each other,
so one that becomes non-finite does not harm the others.
"""

import copy
from collections.abc import Hashable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from render.guidance.followed import batch_followed
from render.guidance.guide_images import batch_guide_images
from render.guidance.prompts import batch_targets
from render.refinement import areas
from render.refinement.optimizer import LatentAdam, RunningAverage
from render.refinement.refine import Refinement


class Pending:
    """A picture's refinement with steps left to take, alone or in a batch.

    Attributes:
        steps_left: the number of steps left.
        picture: (1, 3, H, W) in [0, 1], after the last step.
        failure: the out-of-memory error that removed it from the batch.
    """

    def __init__(self, refinement: Refinement, optimizer: LatentAdam) -> None:
        self.refinement = refinement
        self.optimizer = optimizer
        assert isinstance(refinement.generator, torch.Generator)
        self.generator = refinement.generator
        self.steps_left = refinement.spec.num_steps
        self.average = RunningAverage(refinement.spec.ema)
        self.picture: Tensor | None = None
        self.failure: RuntimeError | None = None

    @property
    def is_done(self) -> bool:
        return self.picture is not None or self.failure is not None

    @property
    def kind(self) -> Hashable:
        """A key: refinements with equal keys can be batched."""
        refinement, spec = self.refinement, self.refinement.spec
        guides = tuple((id(guide.perceptor), guide.weight, guide.targets.kind) for guide in refinement.guides)
        shape = tuple(refinement.anchor.shape)
        palette = refinement.palette
        colours = None if palette is None else palette.shape[1]
        settings = spec.num_cutouts, spec.augment, spec.adapt, frozenset(spec.losses)
        absent = refinement.guide_images is None, refinement.followed is None, refinement.pace is None
        extras = absent, colours, refinement.areas.kind
        return id(refinement.latents), guides, shape, settings, extras

    def result(self) -> Tensor:
        """Return the picture (1, 3, H, W) in [0, 1]; if no step was taken yet, take all of them now.

        Raises:
            RuntimeError: `failure`.
        """
        if self.failure is not None:
            raise self.failure
        if self.picture is None:
            self.picture = self.refinement.run(self.optimizer)
        return self.picture


def take_steps(batch: Sequence[Pending], count: int) -> None:
    """Take `count` steps with a batch of the same kind; on failure, all are left as they were before.

    Raises:
        RuntimeError: torch's error when memory runs out.
    """
    generators = [item.generator for item in batch]
    before = [generator.get_state() for generator in generators]
    optimizer = LatentAdam.joined([item.optimizer for item in batch])
    averages = [copy.copy(item.average) for item in batch]
    try:
        refinement, lr = joined([item.refinement for item in batch], generators)
        for _ in range(count):
            refinement.step(optimizer, lr)
            for average, latent in zip(averages, torch.split(optimizer.latent, 1), strict=True):
                average.update(latent)
    except RuntimeError:
        for generator, state in zip(generators, before, strict=True):
            generator.set_state(state)
        raise
    optimizer.copy_back([item.optimizer for item in batch])
    for item, average in zip(batch, averages, strict=True):
        item.steps_left, item.average = item.steps_left - count, average


def joined(refinements: Sequence[Refinement], generators: Sequence[torch.Generator]) -> tuple[Refinement, Tensor]:
    """Return one refinement of all their pictures, and the learning rate of each: (B, 1, 1, 1)."""
    first = refinements[0]
    device = first.anchor.device
    specs = [refinement.spec for refinement in refinements]
    weights = {name: torch.tensor([spec.losses[name] for spec in specs], device=device) for name in first.spec.losses}
    lr = torch.tensor([spec.lr * first.latents.spread for spec in specs], device=device)
    guides = [
        replace(guide, targets=batch_targets([refinement.guides[number].targets for refinement in refinements]))
        for number, guide in enumerate(first.guides)
    ]
    palettes = [refinement.palette for refinement in refinements]
    images = [refinement.guide_images for refinement in refinements if refinement.guide_images is not None]
    followed = [refinement.followed for refinement in refinements if refinement.followed is not None]
    paces = [refinement.pace for refinement in refinements if refinement.pace is not None]
    refinement = replace(
        first,
        guides=guides,
        anchor=torch.cat([refinement.anchor for refinement in refinements]),
        generator=tuple(generators),
        guide_images=batch_guide_images(images) if images else None,
        followed=batch_followed(followed) if followed else None,
        pace=torch.cat(paces) if paces else None,
        weights=weights,
        palettes=None if palettes[0] is None else torch.cat([each for each in palettes if each is not None]),
        areas=areas.joined([refinement.areas for refinement in refinements]),
    )
    return refinement, lr.view(-1, 1, 1, 1)


@torch.no_grad()
def decode_all(batch: Sequence[Pending]) -> None:
    for item in batch:
        item.optimizer.replace(item.average.value(item.optimizer.latent))
    pictures = batch[0].refinement.latents.decode(torch.cat([item.optimizer.latent for item in batch]))
    for item, picture in zip(batch, torch.split(pictures, 1), strict=True):
        item.picture = picture.clone()
