"""Describe one frame in plain numbers: the contract between `pipeline` and `render`.

No module here imports torch: a plan of a thousand frames can be made, checked and printed without it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from render.spec.camera import CameraMove
from render.spec.colour import Colour
from render.spec.footage import Flow, SourceFrame
from render.spec.guides import GuidePicture, ImageGuide
from render.spec.noise import LatentNoise
from render.spec.pictures import PictureStart, PriorStart
from render.spec.prompts import PromptWeight
from render.spec.regions import Keep, Region

BORDERS = ("reflect", "wrap", "edge", "black")
PAINT = "paint"  # a border as well: what enters is painted, see `render.motion.canvas`
BLENDS = ("weights", "slerp")
AUGMENTS = ("light", "full")
ADAPTS = ("number", "picture")
PRECISIONS = ("auto", "bf16", "fp16", "fp32")


@dataclass(frozen=True, kw_only=True)
class FrameMotion:
    """The motion from one frame to the next, see the fields of `FrameSpec` with the same names."""

    transforms: Mapping[str, float]
    center: tuple[float, float]
    flow: Flow | None = None
    camera: CameraMove | None = None


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
        border: how the area outside the picture is filled: reflect, wrap, edge, black or paint.
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
        colour: what happens to its colours; None for nothing.
        noise: what is added to the latent of a frame with a predecessor, if anything.
        image_guides: the picture files that it is pulled towards.
        loss_regions: maps the name of a loss to the part of the picture that it may change; others change all of it.
        keep: what stays as it is, if anything.
        travelled: the motion of the frames between the one that this frame starts from and itself, in order, if those
            are not refined; `transforms` follow.
        key: the next frame that is refined, if this one is not; it is then made from that one and the one before.
        source: the footage that it repaints, if any.
        flow: the motion of footage, which moves it before `transforms` do; None for none.
        camera: how the camera moves, after `flow` and before `transforms`; None if it rests.
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
    start: PriorStart | PictureStart | None = None
    guide_pictures: tuple[GuidePicture, ...] = ()
    colour: Colour | None = None
    noise: LatentNoise | None = None
    image_guides: tuple[ImageGuide, ...] = ()
    loss_regions: Mapping[str, Region] = field(default_factory=dict)
    keep: Keep | None = None
    travelled: tuple[FrameMotion, ...] = ()
    key: "FrameSpec | None" = None
    source: SourceFrame | None = None
    flow: Flow | None = None
    camera: CameraMove | None = None

    @property
    def motion(self) -> FrameMotion:
        """The motion from the frame before, refined or not."""
        return FrameMotion(transforms=self.transforms, center=self.center, flow=self.flow, camera=self.camera)

    @property
    def motions(self) -> tuple[FrameMotion, ...]:
        """All motion since the frame that this one starts from, in order."""
        return (*self.travelled, self.motion)

    @property
    def draws_as(self) -> int:
        """The frame whose random numbers it uses: its own index, or that of the frame that it replaces."""
        return self.index if self.lead is None else self.lead[0] + 1

    def to_json(self) -> str:
        """Return one line of JSON with sorted keys: equal specs give equal text.

        A picture is identified by its content; its path makes no difference.
        """
        numbers = _without_defaults(asdict(self))
        return json.dumps(_by_content(numbers), sort_keys=True, ensure_ascii=False, allow_nan=False)


_NEWER: dict[str, object] = {  # than frames of earlier runs
    "lead": None,
    "start": None,
    "adapt": "number",
    "guide_pictures": (),
    "colour": None,
    "noise": None,
    "image_guides": (),
    "loss_regions": {},
    "keep": None,
    "perceptors": (),
    "latent": 0,
    "redrawn": False,
    "travelled": (),
    "key": None,
    "source": None,
    "flow": None,
    "camera": None,
}


_UNUSED = (
    "image",
    "region",
    "stop",
    "flow",
    "camera",
    "gain",
    "model",
    "every",
    "smooth",
    "estimate",
)  # keys of a prompt, a motion or a depth that are left out while they are empty


def _without_defaults(numbers: dict[str, Any]) -> dict[str, Any]:
    """Leave out newer fields of a spec that are at their defaults, also in the key that it holds."""
    left = {name: value for name, value in numbers.items() if name not in _NEWER or value != _NEWER[name]}
    return left | {"key": _without_defaults(left["key"])} if "key" in left else left


def _by_content(value: object) -> object:
    """Replace every `ImageFile`, as a dict, by its hash; keys that it does not use are left out."""
    if isinstance(value, list | tuple):
        return [_by_content(part) for part in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"path", "sha256"}:
        return value["sha256"]
    unused = {name for name in _UNUSED if value.get(name, "") is None}
    return {name: _by_content(part) for name, part in value.items() if name not in unused}
