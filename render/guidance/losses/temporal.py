"""Stay near the last result, moved by the frame's motion, wherever that motion is known."""

from torch import Tensor

from render.guidance.losses import LossInputs

PIXELS = 100.0  # squared differences of pixels are small numbers beside a distance on the sphere


def loss(inputs: LossInputs) -> Tensor:
    """Return the mean squared difference to the moved last result, weighted by trust: (B,); 0 in a first frame.

    Source: the short-term temporal loss of Ruder, Dosovitskiy and Brox, "Artistic style transfer for videos" (2016).
    """
    followed = inputs.followed
    if followed is None:
        return 0 * inputs.image.sum(dim=(1, 2, 3))
    return PIXELS * (followed.trust * (inputs.image - followed.picture).square()).mean(dim=(1, 2, 3))
