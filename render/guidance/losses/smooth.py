"""Penalise total variation, the differences of neighbouring pixels."""

from torch import Tensor

from render.guidance.losses import LossInputs


def loss(inputs: LossInputs) -> Tensor:
    """Return the mean absolute difference of neighbouring pixels, summed over both directions: (B,).

    Source: Rudin, Osher, Fatemi, "Nonlinear total variation based noise removal" (1992), anisotropic.
    """
    image = inputs.image
    across = (image[..., 1:] - image[..., :-1]).abs().mean(dim=(1, 2, 3))
    down = (image[..., 1:, :] - image[..., :-1, :]).abs().mean(dim=(1, 2, 3))
    return across + down
