"""Total variation: neighbouring pixels like to be equal."""

from torch import Tensor

from render.guidance.losses import LossInputs


def loss(inputs: LossInputs) -> Tensor:
    """Mean absolute difference of neighbours, both directions added: (B,).

    Source: Rudin, Osher, Fatemi, "Nonlinear total variation based noise removal" (1992), anisotropic.
    """
    image = inputs.image
    across = (image[..., 1:] - image[..., :-1]).abs().mean(dim=(1, 2, 3))
    down = (image[..., 1:, :] - image[..., :-1, :]).abs().mean(dim=(1, 2, 3))
    return across + down
