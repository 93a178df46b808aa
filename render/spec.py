"""Plain numbers that describe one frame: the contract between `pipeline` and `render`.

No torch in here: a plan of a thousand frames is made, checked and printed without it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

BORDERS = ("reflect", "wrap", "edge", "black")
BLENDS = ("weights", "slerp")


@dataclass(frozen=True, kw_only=True)
class PromptWeight:
    """A text and how strongly it pulls; a negative weight pushes away."""

    text: str
    weight: float


@dataclass(frozen=True, kw_only=True)
class FrameSpec:
    """Everything about one frame.

    Attributes:
        index: the frame's number, from 0.
        seed: the schedule's seed; the frame's generator is made from (seed, index).
        size: (width, height) in pixels.
        prompts: the prompts that have weight in this frame.
        blend: "weights" pulls towards every prompt by its weight; "slerp" pulls two prompts'
            embeddings together on the sphere and towards that one point.
        transforms: name of a transform to what it does between the previous frame and this one
            (zoom: a factor, rotate: degrees, pan_x, pan_y: shares of the width and height).
        center: the fixed point of zoom and rotation, as shares of the width and height.
        border: what enters from outside: reflect, wrap, edge or black.
        losses: name of a guidance loss to its weight; none is 0.
        num_steps: refinement steps.
        lr: learning rate, in units of the codebook's standard deviation.
        num_cutouts: cutouts that the perceptors see in each step.
        carry_optimizer: start from the optimiser's state of the previous frame.
    """

    index: int
    seed: int
    size: tuple[int, int]
    prompts: tuple[PromptWeight, ...]
    blend: str
    transforms: Mapping[str, float]
    center: tuple[float, float]
    border: str
    losses: Mapping[str, float]
    num_steps: int
    lr: float
    num_cutouts: int
    carry_optimizer: bool

    def to_json(self) -> str:
        """One line of JSON with sorted keys: equal specs give equal text."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, allow_nan=False)
