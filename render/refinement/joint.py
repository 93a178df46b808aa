"""Join the refinements of several pictures into one, whose steps are those of each picture alone.

Each picture keeps its own anchor, prompts, loss weights, learning rate, Adam step count and generator, from which the
same numbers are drawn in the same order. One picture is joined as well: then its learning rate and loss weights are
tensors, as everything else that differs from frame to frame, and may be copied into other tensors.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from render.device.copies import on_device
from render.guidance.followed import batch_followed
from render.guidance.guide_images import batch_guide_images
from render.guidance.prompts import batch_targets
from render.refinement import areas
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Refinement
from render.rng import Generators


@dataclass(frozen=True, kw_only=True)
class Joint:
    """What the steps of a batch read and change.

    Attributes:
        refinement: of all pictures.
        optimizer: of all latents.
        lr: (B, 1, 1, 1), the learning rate of each picture.
    """

    refinement: Refinement
    optimizer: LatentAdam
    lr: Tensor

    @property
    def generators(self) -> tuple[torch.Generator, ...]:
        """The generators that steps draw from."""
        return each(self.refinement.generator)

    def steps(self, count: int) -> Iterator[Tensor]:
        """Take `count` steps; yield the latent (B, C, h, w) after each.

        Raises:
            NonFiniteError: the refinement is careful, and a step is non-finite at every learning rate that is tried.
        """
        lr = self.lr
        for _ in range(count):
            lr = self.refinement.take_step(self.optimizer, lr)
            yield self.optimizer.latent


def each(generators: Generators) -> tuple[torch.Generator, ...]:
    """Return generators as a tuple, also if there is one for all pictures."""
    return (generators,) if isinstance(generators, torch.Generator) else generators


def joined(refinements: Sequence[Refinement], optimizers: Sequence[LatentAdam], *, padded: bool = False) -> Joint:
    """Return one refinement of all pictures; its tensors are copies, those of the optimizers as well.

    Args:
        refinements: of the same kind, see `render.refinement.joint_steps.Pending`. A single one may be of several
            pictures that share a generator.
        padded: with room for as many prompts in most frames, see `batch_targets`.
    """
    first = refinements[0]
    generators = [generator for refinement in refinements for generator in each(refinement.generator)]
    guides = [
        replace(guide, targets=batch_targets([refinement.guides[number].targets for refinement in refinements], padded))
        for number, guide in enumerate(first.guides)
    ]
    palettes = [refinement.palette for refinement in refinements]
    images = [refinement.guide_images for refinement in refinements if refinement.guide_images is not None]
    followed = [refinement.followed for refinement in refinements if refinement.followed is not None]
    paces = [refinement.pace for refinement in refinements if refinement.pace is not None]
    numbers = zip(*(_numbers(refinement, first) for refinement in refinements), strict=True)
    lr, *weights = on_device(tuple(numbers), first.anchor.device, torch.float32).unbind()
    refinement = replace(
        first,
        guides=guides,
        anchor=torch.cat([refinement.anchor for refinement in refinements]),
        generator=tuple(generators) if len(generators) > 1 else generators[0],
        guide_images=batch_guide_images(images) if images else None,
        followed=batch_followed(followed) if followed else None,
        pace=torch.cat(paces) if paces else None,
        weights=dict(zip(first.spec.losses, weights, strict=True)),
        palettes=None if palettes[0] is None else torch.cat([palette for palette in palettes if palette is not None]),
        areas=areas.joined([refinement.areas for refinement in refinements]),
    )
    return Joint(refinement=refinement, optimizer=LatentAdam.joined(optimizers), lr=lr.view(-1, 1, 1, 1))


def _numbers(refinement: Refinement, first: Refinement) -> list[float]:
    """Return a picture's learning rate and its loss weights, in the order of the first picture's."""
    spec = refinement.spec
    return [spec.lr * refinement.latents.spread, *(spec.losses[name] for name in first.spec.losses)]
