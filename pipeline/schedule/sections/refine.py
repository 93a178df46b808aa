"""The section `refine:`: how a frame is refined."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from pipeline.curves.curve import Curve
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.shapes import setting
from render.spec import AUGMENTS


@dataclass(frozen=True, kw_only=True)
class Refine:
    """How hard guidance works on each frame."""

    steps: Curve = setting(
        curve(number(0, 10_000)), Curve.constant(3), "refinement steps per frame; 0 only moves the picture"
    )
    first_frame: int = setting(
        fields.integer(0, 100_000),
        60,
        "steps of the first frame, which starts from soft, nearly grey noise; two thirds of them at half the size",
    )
    lr: Curve = setting(
        curve(number(0, 100)),
        Curve.constant(0.3),
        "learning rate, in standard deviations of the codebook, so it means the same for every VQGAN",
    )
    cutouts: Curve = setting(curve(number(1, 1024)), Curve.constant(12), "random crops scored per step")
    augment: str = setting(
        fields.choice(("auto", *AUGMENTS), "amount"),
        "auto",
        "how much is done to them: `auto` does little for the embedded CLIP, which was trained for it, and the full set"
        " for all others",
    )
    carry: bool = setting(fields.flag, True, "the optimiser's moments walk on from frame to frame")
    ema: float = setting(number(0, 0.9999), 0.0, "decay of the latent's running average over a frame's steps")

    def draft(self) -> "Refine":
        """A third of the steps; one at least where there are any."""
        steps = self.steps.mapped(lambda steps: np.where(steps == 0, 0.0, np.maximum(1.0, steps / 3)))
        return dataclasses.replace(self, steps=steps, first_frame=-(-self.first_frame // 3))
