"""Define who takes the steps of refinements: a run by itself, or a scheduler that batches several runs."""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from render.refinement.joint_steps import refined
from render.refinement.optimizer import LatentAdam
from render.refinement.refine import Refinement
from render.refinement.replay import Replay


class Scheduler(Protocol):
    """Takes the steps of every refinement of a run."""

    @property
    def in_lockstep(self) -> bool:
        """Whether pictures of several runs may be batched, which rounds results differently."""

    def refine(self, refinement: Refinement, optimizer: LatentAdam) -> Tensor:
        """Take all steps of a refinement and return its picture, see `render.refinement.joint_steps.refined`."""

    def release(self) -> bool:
        """Give back memory that only makes steps faster; False if there is none. Called when memory runs out."""


class Unbatched:
    """Takes all steps immediately, without batching.

    Args:
        warn: called with a message if that takes longer than it could.
    """

    in_lockstep = False

    def __init__(self, warn: Callable[[str], None] = lambda text: None) -> None:
        self._replay = Replay(warn)

    def refine(self, refinement: Refinement, optimizer: LatentAdam) -> Tensor:
        """See `Scheduler`."""
        return refined(refinement, optimizer, self._replay)

    def release(self) -> bool:
        """See `Scheduler`."""
        return self._replay.release()
