"""Who takes the steps of a refinement: the run itself, or something that takes those of several runs together."""

from typing import Protocol

from torch import Tensor

from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Refinement


class Scheduler(Protocol):
    """Takes the steps of every refinement of a run."""

    @property
    def in_lockstep(self) -> bool:
        """Whether pictures of several runs may be refined as one batch, which rounds their numbers differently."""

    def refine(self, refinement: Refinement, optimizer: LatentAdam) -> Tensor:
        """Take all steps of a refinement and return its picture, see `Refinement.run`."""


class Alone:
    """Takes the steps at once, each by itself."""

    in_lockstep = False

    def refine(self, refinement: Refinement, optimizer: LatentAdam) -> Tensor:
        """See `Refinement.run`."""
        return refinement.run(optimizer)
