"""Noise in the latent of a frame."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class NoiseVariation:
    """Noise on the circle through two fixed noises: the schedule's own, and that of another seed.

    Attributes:
        seed: of the second noise.
        share: where on the circle it is: 0 at the first noise, 1 at the second, 4 once around.
        before: the amount and the share in the frame that this one starts from.
    """

    seed: int
    share: float
    before: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class LatentNoise:
    """Noise that is added to the latent before refinement.

    Attributes:
        amount: its standard deviation, in units of the codebook's: 1 for as much as its entries differ.
        grain: the radius (standard deviation) of its grains, as a share of the picture's height; 0 for a new number in
            every cell of the latent.
        variation: which noise it is; None to draw it for this frame alone.
    """

    amount: float
    grain: float = 0.0
    variation: NoiseVariation | None = None
