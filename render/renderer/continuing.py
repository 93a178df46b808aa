"""Continue a picture by the first prior of a run that can, or by copies of what the picture shows."""

from collections.abc import Callable

import torch
from torch import Tensor

from render.motion.canvas.continuing import by_copies
from render.priors import Continuing, Wanted
from render.sources import Loaded


def continued(picture: Tensor, known: Tensor, generator: torch.Generator, loaded: Callable[[], Loaded]) -> Tensor:
    """Return a picture (1, 3, H, W) in [0, 1] that shows what is unknown in `picture` as well.

    Args:
        picture: (1, 3, H, W) in [0, 1].
        known: (1, 1, H, W), 1 and 0.
        loaded: returns the models with the frame's prompts; most frames paint nothing and do not call it.
    """
    models = loaded()
    wanted = Wanted(targets=models.targets, size=(picture.shape[-1], picture.shape[-2]), count=1)
    for prior in models.priors.values():
        if isinstance(prior, Continuing):
            drawn = prior.continued(picture, known, wanted, generator)
            if drawn is not None:
                return drawn
    return by_copies(models.latents, picture, known, generator)
