"""Define who takes the steps of refinements: a run by itself, or a scheduler that batches several runs."""

from typing import Protocol

from torch import Tensor

from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Refinement


class Scheduler(Protocol):
    """Takes the steps of every refinement of a run."""

    @property
    def in_lockstep(self) -> bool:
        """Whether pictures of several runs may be batched, which rounds results differently."""

    def refine(self, refinement: Refinement, optimizer: LatentAdam) -> Tensor:
        """Take all steps of a refinement and return its picture, see `Refinement.run`."""


class Unbatched:
    """Takes all steps immediately, without batching."""

    in_lockstep = False

    def refine(self, refinement: Refinement, optimizer: LatentAdam) -> Tensor:
        """See `Refinement.run`."""
        return refinement.run(optimizer)
