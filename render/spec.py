"""Describe one frame in plain numbers: the contract between `pipeline` and `render`.

This module does not import torch: a plan of a thousand frames can be made, checked and printed without it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

BORDERS = ("reflect", "wrap", "edge", "black")
BLENDS = ("weights", "slerp")
AUGMENTS = ("light", "full")
ADAPTS = ("number", "picture")
PRECISIONS = ("auto", "bf16", "fp16", "fp32")


@dataclass(frozen=True, kw_only=True)
class ImageFile:
    """A picture on disk and the SHA-256 of its bytes."""

    path: Path
    sha256: str


@dataclass(frozen=True, kw_only=True)
class PromptWeight:
    """A text prompt, or a picture prompt named by its text, and its weight; a negative weight pushes away.

    Attributes:
        stop: the cosine similarity, in [-1, 1], at which it lets go of what it is compared with; None for never.
    """

    text: str
    weight: float
    image: ImageFile | None = None
    stop: float | None = None


@dataclass(frozen=True, kw_only=True)
class PriorStart:
    """How a frame without a predecessor gets its picture from a prior, see `render.priors`.

    Attributes:
        prior: the prior's name, one of those that the renderer has loaded.
        candidates: how many pictures it proposes.
        pick: which of them is used: 1 for the best, 2 for the second best, and so on.
        settings: the prior's own settings that the schedule sets, by name.
    """

    prior: str
    candidates: int
    pick: int = 1
    settings: Mapping[str, float | str | ImageFile] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class GuidePicture:
    """A picture that a scene's prior proposes, and how far a frame goes towards it.

    Attributes:
        prompt: what the picture is proposed for.
        share: of the latent that refinement starts from, in (0, 1]: the rest stays as the motion left it.
        moment: the scene's time in milliseconds, which the prior's random numbers are made from as if it were a frame's
            number; so another frame rate has the same pictures, and a scene at 0 that of the first frame.
        start: the prior and its settings.
    """

    prompt: PromptWeight
    share: float
    moment: int
    start: PriorStart


@dataclass(frozen=True, kw_only=True)
class FrameSpec:
    """Everything about one frame.

    Attributes:
        index: the frame's number, from 0.
        seed: the schedule's seed; the frame's generator is made from it and `draws_as`.
        size: (width, height) in pixels.
        prompts: the prompts with a non-zero weight in this frame.
        blend: "weights" pulls towards every prompt by its weight; "slerp" interpolates two prompts'
            embeddings on the sphere and pulls towards that one point.
        transforms: maps a transform's name to its amount between the previous frame and this one
            (zoom: a factor, rotate: degrees, pan_x, pan_y: shares of the width and height).
        center: the fixed point of zoom and rotation, as shares of the width and height.
        border: how the area outside the picture is filled: reflect, wrap, edge or black.
        losses: maps a guidance loss's name to its weight; losses with weight 0 are left out.
        num_steps: refinement steps.
        lr: learning rate, in units of the codebook's standard deviation.
        num_cutouts: cutouts that the perceptors see in each step.
        augment: the strength of their augmentation: "light" for robust image towers, "full" for others.
        adapt: what Adam scales its steps by: each "number" of the latent has its own scale, or the whole "picture"
            shares one, so that less moves where the gradient is small.
        carry_optimizer: start from the optimiser's state of the previous frame.
        ema: decay of the running average of the latent over the frame's steps, in [0, 1); the average
            is shown and passed on to the next frame. 0 uses the last latent unchanged.
        cut: start from noise, as the first frame does, whatever the previous frame was.
        lead: (index, fraction), at the end of a loop: the previous frame was blended by `fraction` towards frame
            `index`, and this frame replaces the one after `index`.
        perceptors: the weight of each perceptor, in the order of loading; those with weight 0 are left out.
            Empty if the weights do not change: then they are those that the perceptors were loaded with.
        latent: which of the loaded latent models draws it, by number.
        redrawn: another latent model has drawn the frame before: its picture is encoded, and the optimiser starts anew.
        start: what a first frame or a cut starts from; None for noise, and for every other frame.
        guide_pictures: those that this frame goes towards, of the scenes that are arriving.
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
    augment: str = "light"
    adapt: str = "number"
    ema: float = 0.0
    perceptors: tuple[float, ...] = ()
    latent: int = 0
    redrawn: bool = False
    cut: bool = False
    lead: tuple[int, float] | None = None
    start: PriorStart | None = None
    guide_pictures: tuple[GuidePicture, ...] = ()

    @property
    def draws_as(self) -> int:
        """The frame whose random numbers it uses: its own index, or that of the frame that it replaces."""
        return self.index if self.lead is None else self.lead[0] + 1

    def to_json(self) -> str:
        """Return one line of JSON with sorted keys: equal specs give equal text.

        A picture is identified by its content; its path makes no difference.
        """
        numbers = asdict(self)
        newer = {
            "lead": None,
            "start": None,
            "adapt": "number",
            "guide_pictures": (),
            "perceptors": (),
            "latent": 0,
            "redrawn": False,
        }  # than frames of earlier runs
        for name, default in newer.items():
            if numbers[name] == default:
                del numbers[name]
        return json.dumps(_by_content(numbers), sort_keys=True, ensure_ascii=False, allow_nan=False)


_UNUSED = ("image", "stop")  # keys of a prompt that are left out while they are None


def _by_content(value: object) -> object:
    """Replace every `ImageFile`, as a dict, by its hash; keys of a prompt that it does not use are left out."""
    if isinstance(value, list | tuple):
        return [_by_content(part) for part in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"path", "sha256"}:
        return value["sha256"]
    return {name: _by_content(part) for name, part in value.items() if part is not None or name not in _UNUSED}
