"""Take the steps of one refinement, or of several as one batch, each with the same result as if it were alone.

Pictures of a batch do not affect each other, so one that becomes non-finite does not harm the others.
"""

import copy
from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from render.refinement.joint import each
from render.refinement.optimizer import LatentAdam, RunningAverage
from render.refinement.refine import Refinement
from render.refinement.replay import Replay


class Pending:
    """A picture's refinement with steps left to take, alone or in a batch.

    Attributes:
        steps_left: the number of steps left.
        picture: (B, 3, H, W) in [0, 1], after the last step.
        failure: the out-of-memory error that removed it from the batch.
    """

    def __init__(self, refinement: Refinement, optimizer: LatentAdam) -> None:
        self.refinement = refinement
        self.optimizer = optimizer
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

    @property
    def num_pictures(self) -> int:
        """The number of its pictures, which is 1 if it can be batched."""
        return len(self.refinement.anchor)

    def result(self) -> Tensor:
        """Return the picture (1, 3, H, W) in [0, 1], once all steps are taken.

        Raises:
            RuntimeError: `failure`.
        """
        if self.failure is not None:
            raise self.failure
        assert self.picture is not None
        return self.picture


def refined(refinement: Refinement, optimizer: LatentAdam, replay: Replay | None = None) -> Tensor:
    """Take all steps of a refinement on the optimiser's latent (B, C, h, w) and return its picture.

    Returns:
        (B, 3, H, W) in [0, 1], decoded after the last step.

    Raises:
        NonFiniteError: it is careful, and a step is non-finite at every learning rate that is tried.
    """
    pending = Pending(refinement, optimizer)
    take_steps([pending], pending.steps_left, replay)
    decode_all([pending])
    return pending.result()


def take_steps(batch: Sequence[Pending], count: int, replay: Replay | None = None) -> None:
    """Take `count` steps with a batch of the same kind; on failure, all are left as they were before.

    Args:
        replay: takes them, on devices that can.

    Raises:
        RuntimeError: torch's error when memory runs out.
    """
    replay = replay or Replay()
    generators = [generator for item in batch for generator in each(item.refinement.generator)]
    before = [generator.get_state() for generator in generators]
    averages = [copy.copy(item.average) for item in batch]
    counts = [item.num_pictures for item in batch]
    try:
        joint = replay.joined([item.refinement for item in batch], [item.optimizer for item in batch])
        for latents in replay.steps(joint, count):
            for average, latent in zip(averages, torch.split(latents, counts), strict=True):
                average.update(latent)
    except RuntimeError:
        for generator, state in zip(generators, before, strict=True):
            generator.set_state(state)
        raise
    joint.optimizer.copy_back([item.optimizer for item in batch])
    for item, average in zip(batch, averages, strict=True):
        item.steps_left, item.average = item.steps_left - count, average


@torch.no_grad()
def decode_all(batch: Sequence[Pending]) -> None:
    """Decode the pictures of a batch of which all steps are taken."""
    for item in batch:
        item.optimizer.replace(item.average.value(item.optimizer.latent))
    pictures = batch[0].refinement.latents.decode(torch.cat([item.optimizer.latent for item in batch]))
    for item, picture in zip(batch, torch.split(pictures, [item.num_pictures for item in batch]), strict=True):
        item.picture = picture.clone()
