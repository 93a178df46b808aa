"""Symmetry: the upper half mirrors the lower one, like a reflection in water."""

from torch import Tensor

from render.guidance.losses import LossInputs


def loss(inputs: LossInputs) -> Tensor:
    """Return the mean squared difference to the picture mirrored top to bottom: (B,)."""
    return (inputs.image - inputs.image.flip(-2)).square().mean(dim=(1, 2, 3))
