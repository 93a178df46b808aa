"""The last result as the motion of a frame has moved it, which refinement may follow."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Followed:
    """The moved last results of a batch of frames.

    Attributes:
        picture: (B, 3, H, W) in [0, 1].
        trust: (B, 1, H, W) in [0, 1], how far the motion is known there; 0 for what was hidden or outside before.
    """

    picture: Tensor
    trust: Tensor


def batch_followed(every: Sequence[Followed]) -> Followed:
    """Batch what several frames follow."""
    return Followed(
        picture=torch.cat([each.picture for each in every]), trust=torch.cat([each.trust for each in every])
    )
