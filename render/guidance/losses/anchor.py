"""Stay near the picture that refinement started from: the warped previous frame."""

from torch import Tensor

from render.guidance.losses import LossInputs


def loss(inputs: LossInputs) -> Tensor:
    """Return the mean squared difference to the anchor: (B,)."""
    return (inputs.image - inputs.anchor).square().mean(dim=(1, 2, 3))
