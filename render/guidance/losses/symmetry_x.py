"""Symmetry: the left half mirrors the right one."""

from torch import Tensor

from render.guidance.losses import LossInputs


def loss(inputs: LossInputs) -> Tensor:
    """Return the mean squared difference to the picture mirrored left to right: (B,).

    Source: SymmetryLoss of pixray.
    """
    return (inputs.image - inputs.image.flip(-1)).square().mean(dim=(1, 2, 3))
