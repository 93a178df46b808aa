"""The section `refine:`: how a frame is refined."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from pipeline.curves.curve import Curve
from pipeline.curves.joined import joined
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.readers import read_entry, read_map, setting_readers
from pipeline.schedule.fields.shapes import section, setting, settings
from pipeline.schedule.footage.source import Source
from pipeline.schedule.sections import Reading, Section
from pipeline.schedule.sections.depth import GROUND
from pipeline.schedule.sections.start import Start
from render.spec import ADAPTS, AUGMENTS
from render.spec.camera import Depth


@dataclass(frozen=True, kw_only=True)
class Refine:
    """How strongly guidance works on each frame."""

    steps: Curve = setting(
        curve(number(0, 10_000)), Curve.constant(3), "refinement steps per frame; with 0 the picture is only moved"
    )
    first_frame: int | None = setting(
        fields.integer(0, 100_000),
        60,
        "steps of the first frame, which starts from soft, nearly grey noise; two thirds of them at half the size; 8 if"
        " `start:` names a prior; of a picture, those that its strength leaves; with a `source:`, as many as add up in "
        "the frames after it: steps / (1 - mix), at most 60",
    )
    lr: Curve = setting(
        curve(number(0, 100)),
        Curve.constant(0.3),
        "learning rate, in standard deviations of the codebook, so it means the same for every VQGAN; 0.02 if `start:`"
        " names a prior, or a picture with strength 1; 0.05 with less; 0.25 × (1 - mix), but at least 0.01, with a"
        " `source:`",
    )
    cutouts: Curve = setting(curve(number(1, 1024)), Curve.constant(12), "random crops scored per step")
    augment: str = setting(
        fields.choice(("auto", *AUGMENTS), "amount"),
        "auto",
        "how strongly they are augmented: `auto` is light for the embedded CLIP, which was trained for it, and full "
        "for all others",
    )
    adapt: str = setting(
        fields.choice(ADAPTS, "scale"),
        "number",
        "what scales Adam's steps: with `number`, each number of the latent is scaled by its own gradients, and all of"
        " the picture changes at once, which suits noise; with `picture`, all share one scale, so a start that is worth"
        " keeping changes only where the prompts ask for it: use it with an `lr` of 0.01 to 0.1; `picture` with a"
        " `source:`, and if `start:` names a prior or a picture",
    )
    carry: bool = setting(fields.flag, True, "keep the optimizer's moments from frame to frame")
    cadence: Curve = setting(
        curve(number(1, 100)),
        Curve.constant(1),
        "refine every n-th frame only; those between are made of the refined ones before and after, each moved to the"
        " moment, which costs almost nothing",
    )
    ema: float = setting(number(0, 0.9999), 0.0, "decay of the latent's running average over a frame's steps")
    uncovered: Curve = setting(
        curve(number(1, 100)),
        Curve.constant(1),
        "how many times larger steps are where something comes into view, from behind something else or from beyond "
        "the border, fading over some thirty steps; 3 if `depth:` is a picture or video",
    )

    def without_cadence(self) -> "Refine":
        """A copy that refines every frame."""
        return dataclasses.replace(self, cadence=Curve.constant(1))

    def draft(self) -> "Refine":
        """A copy with a third of the steps, but at least one where there are any."""
        steps = self.steps.mapped(lambda steps: np.where(steps == 0, 0.0, np.maximum(1.0, steps / 3)))
        first = None if self.first_frame is None else -(-self.first_frame // 3)
        return dataclasses.replace(self, steps=steps, first_frame=first)


FROM_PRIOR = Refine(first_frame=8, lr=Curve.constant(0.02), adapt="picture")
"""The defaults where the frames start from a prior's picture; with those for noise it would dissolve."""

FROM_PICTURE = Refine(lr=Curve.constant(0.05), adapt="picture")
"""The defaults where they start from a picture file; its strength says how many steps the first one takes."""

FROM_WHOLE_PICTURE = dataclasses.replace(FROM_PICTURE, lr=Curve.constant(0.02))
"""At strength 1 the second frame takes the first steps, which are the largest: with a larger `lr` it would jump."""


def from_source(mix: Curve) -> Refine:
    """The defaults where every frame begins from footage, which is to be repainted.

    Steps add up in what each frame keeps of the last result, so the larger `mix` is, the smaller they are. The first
    frame takes as many as add up in those after it.
    """
    return Refine(
        first_frame=None, lr=mix.mapped(lambda share: np.maximum(0.25 * (1 - share), 0.01).round(6)), adapt="picture"
    )


def _default(start: Start, source: Source | None) -> Refine:
    if start.is_noise:
        return Refine() if source is None else from_source(source.mix)
    if start.image is None:
        return FROM_PRIOR
    return FROM_PICTURE if start.image.strength < 1 else FROM_WHOLE_PICTURE


def _read(reading: Reading) -> Refine:
    start: Start = reading.found["start"]
    default = _default(start, reading.found["source"])
    depth: Depth | None = reading.found["depth"]
    if depth is not None and depth.kind != GROUND:  # on the ground nothing hides anything
        default = dataclasses.replace(default, uncovered=Curve.constant(3))
    read = partial(read_map, setting_readers(Refine))
    given: dict[str, Any] = read_entry(read, reading.entries, "refine", reading.clock, default={})
    return dataclasses.replace(default, **given)


def _join(starts: Sequence[float], parts: Sequence[Refine]) -> Refine:
    """Join the curves of all shots; everything else is that of the first shot."""
    return dataclasses.replace(
        parts[0],
        steps=joined(starts, [part.steps for part in parts]),
        lr=joined(starts, [part.lr for part in parts]),
        cutouts=joined(starts, [part.cutouts for part in parts]),
        cadence=joined(starts, [part.cadence for part in parts]),
        uncovered=joined(starts, [part.uncovered for part in parts]),
    )


SECTION = Section(
    position=70,
    shape=lambda: section("refine", "how strongly guidance works on each frame", settings(Refine)),
    read=_read,
    needs=("start", "source", "depth"),
    join=_join,
    settings=lambda: settings(Refine),
)
