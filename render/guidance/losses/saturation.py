"""Reward colourfulness: a positive weight favours vivid colours, a negative one grey."""

from torch import Tensor

from render.guidance.losses import LossInputs


def colourfulness(image: Tensor) -> Tensor:
    """Measure how colourful (B, 3, H, W) pictures in [0, 1] look, about 0 (grey) to 0.5 (vivid): (B,).

    Source: Hasler and Süsstrunk, "Measuring colourfulness in natural images" (2003), M3.
    """
    red, green, blue = image.unbind(dim=1)
    red_green = (red - green).flatten(1)
    yellow_blue = (0.5 * (red + green) - blue).flatten(1)
    spread = (red_green.var(dim=1) + yellow_blue.var(dim=1) + 1e-8).sqrt()
    shift = (red_green.mean(dim=1).square() + yellow_blue.mean(dim=1).square() + 1e-8).sqrt()
    return spread + 0.3 * shift


def loss(inputs: LossInputs) -> Tensor:
    """Return the negative colourfulness: (B,)."""
    return -colourfulness(inputs.image)
