"""Describe one frame in plain numbers: the contract between `pipeline` and `render`.

This module does not import torch: a plan of a thousand frames can be made, checked and printed without it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

BORDERS = ("reflect", "wrap", "edge", "black")
PAINT = "paint"  # a border as well: what enters is painted, see `render.motion.canvas`
BLENDS = ("weights", "slerp")
AUGMENTS = ("light", "full")
ADAPTS = ("number", "picture")
FITS = ("crop", "pad", "stretch")
PRECISIONS = ("auto", "bf16", "fp16", "fp32")
COLOUR_MATCHES = ("first", "previous", "palette")
COLOUR_METHODS = ("statistics", "histogram")


@dataclass(frozen=True, kw_only=True)
class ImageFile:
    """A picture on disk and the SHA-256 of its bytes."""

    path: Path
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture file, and how it gets the size of a frame.

    Attributes:
        fit: "crop" cuts off what is too wide or too high, "pad" adds `background` around it, "stretch" does neither.
        background: the colour behind transparency and around a padded picture, as #rrggbb.
    """

    file: ImageFile
    fit: str = "crop"
    background: str = "#ffffff"


@dataclass(frozen=True, kw_only=True)
class Region:
    """A part of the picture: a mask in [0, 1], drawn by an entry of `render.guidance.regions`.

    Attributes:
        kind: the entry's name.
        numbers: those of the kind, such as the edges of a box, in shares of the picture.
        file: the picture or video that the mask is read from.
        text: what the mask shows where it is found in the picture.
        parts: the regions that are combined.
        feather: the width of its soft edge, as a share of the picture's shorter side.
        invert: it is everything else.
        motion: the 3x3 matrix, row by row, that has moved it since the last cut, in shares of width and height;
            empty if it stands still.
    """

    kind: str
    numbers: tuple[float, ...] = ()
    file: ImageFile | None = None
    text: str = ""
    parts: tuple["Region", ...] = ()
    feather: float = 0.0
    invert: bool = False
    motion: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Keep:
    """What stays as it is.

    Attributes:
        region: where.
        image: the picture whose pixels are kept there; None for those of the frame before, after this frame's motion.
        amount: how much of what is kept is seen, in [0, 1].
        seam: the width of the edge beyond the region in which it fades, as a share of the picture's shorter side.
    """

    region: Region
    image: ImageFile | None = None
    amount: float = 1.0
    seam: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PromptWeight:
    """A text prompt, or a picture prompt named by its text, and its weight; a negative weight pushes away.

    Attributes:
        region: the part of the picture that it applies to; None for all of it.
        stop: the cosine similarity, in [-1, 1], at which it lets go of what it is compared with; None for never.
    """

    text: str
    weight: float
    image: ImageFile | None = None
    region: Region | None = None
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
class PictureStart:
    """A picture that a frame without a predecessor starts from.

    Attributes:
        strength: how much of it there is beside noise, in [0, 1]: 1 is the picture, 0 is noise, to the bit.
    """

    picture: Picture
    strength: float = 1.0


@dataclass(frozen=True, kw_only=True)
class ImageGuide:
    """A picture file that a frame is pulled towards.

    Attributes:
        weight: of the loss that compares the frame with it.
        share: of the latent that refinement starts from, in [0, 1]: the rest stays as motion, or the start, left it.
        transforms: how far the picture has moved since its time, as in `FrameSpec`; before its time, the other way.
    """

    picture: Picture
    weight: float
    share: float
    transforms: Mapping[str, float] = field(default_factory=dict)


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
class PaletteOf:
    """A palette of the `count` colours that describe a picture best."""

    image: ImageFile
    count: int


@dataclass(frozen=True, kw_only=True)
class Colour:
    """What happens to a frame's colours.

    Attributes:
        match: what they are matched to before refinement: one of `COLOUR_MATCHES`, or a picture; None for nothing.
        amount: how far they are moved, in [0, 1].
        method: one of `COLOUR_METHODS`.
        contrast: the standard deviation of lightness that they are given, in OKLab; None leaves it.
        palette: colours as #rrggbb, or where they are taken from; empty if the frame needs none.
        lock: whether the finished frame has no colours but the palette's.
        dither: how much of what lies between two colours a locked frame shows as a pattern of both, in [0, 1].
    """

    match: str | ImageFile | None = None
    amount: float = 1.0
    method: str = "statistics"
    contrast: float | None = None
    palette: tuple[str, ...] | PaletteOf = ()
    lock: bool = False
    dither: float = 0.0


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


@dataclass(frozen=True, kw_only=True)
class FrameMotion:
    """The motion from one frame to the next, see `FrameSpec.transforms` and `FrameSpec.center`."""

    transforms: Mapping[str, float]
    center: tuple[float, float]


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
}
_UNUSED = ("image", "region", "stop")  # keys of a prompt that are left out while they are None


def _without_defaults(numbers: dict[str, Any]) -> dict[str, Any]:
    """Leave out newer fields of a spec that are at their defaults, also in the key that it holds."""
    left = {name: value for name, value in numbers.items() if name not in _NEWER or value != _NEWER[name]}
    return left | {"key": _without_defaults(left["key"])} if "key" in left else left


def _by_content(value: object) -> object:
    """Replace every `ImageFile`, as a dict, by its hash; keys of a prompt that it does not use are left out."""
    if isinstance(value, list | tuple):
        return [_by_content(part) for part in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"path", "sha256"}:
        return value["sha256"]
    return {name: _by_content(part) for name, part in value.items() if part is not None or name not in _UNUSED}
