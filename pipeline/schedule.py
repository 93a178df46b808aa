"""A schedule: the YAML file as frozen, checked objects, times and rates already in seconds."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline import fields
from pipeline.curves import Curve
from pipeline.document import Value
from pipeline.fields import Clock, setting
from pipeline.keyframes import curve, seconds
from pipeline.quantities import number
from render import weights
from render.weights import ModelFiles

MAX_FRAMES = 1_000_000  # frames are named by six digits
DEFAULT_LOSSES: Mapping[str, float] = {"prompt": 1.0, "smooth": 0.4}


def _size(value: Value, clock: Clock) -> tuple[int, int]:
    expected = "a width and a height in pixels such as [256, 144]"
    sides = value.items(expected)
    if len(sides) != 2:
        raise value.invalid(expected)
    side = fields.integer(16, 8192)
    width, height = fields.read_each(side, sides, clock)
    return width, height


def _known_model(known: Mapping[str, ModelFiles], kind: str) -> fields.Reader:
    named = fields.choice(known, kind, expected=f"the name of a {kind}")
    return lambda value, clock: known[named(value, clock)]


def _perceptors(value: Value, clock: Clock) -> tuple[ModelFiles, ...]:
    read = _known_model(weights.PERCEPTORS, "perceptor")
    items = value.items("a list of perceptors such as [embedded]")
    if not items:
        raise value.invalid("at least one perceptor")
    return tuple(fields.read_each(read, items, clock))


def _length(value: Value, clock: Clock) -> float:
    """A time that counts in frames or seconds: percent and `end` have nothing to refer to."""
    expected = f"a length such as 12s, or a number of frames, from 1 to {MAX_FRAMES:,} frames"
    length = seconds(value, clock, expected)
    if length is None or not 0.5 < length * clock.fps < MAX_FRAMES + 0.5:
        raise value.invalid(expected)
    return length


@dataclass(frozen=True, kw_only=True)
class Output:
    """What comes out: pictures of (width, height) pixels, fps of them a second, for `length` seconds."""

    fps: float = setting(number(0.1, 240), 12.0, "frames per second")
    length: float = setting(_length, 12.0, "seconds, or frames as a bare number")
    size: tuple[int, int] = setting(_size, (256, 144), "width and height in pixels")
    seed: int = setting(fields.integer(0, 2**63 - 1), 0, "where all random numbers start")

    @property
    def num_frames(self) -> int:
        return max(1, round(self.length * self.fps))


@dataclass(frozen=True, kw_only=True)
class Models:
    """Which models draw and which look."""

    latent: ModelFiles = setting(
        _known_model(weights.LATENTS, "latent model"), weights.LATENTS["embedded"], "what draws"
    )
    perceptors: tuple[ModelFiles, ...] = setting(_perceptors, (weights.PERCEPTORS["embedded"],), "what looks")
    quantize: bool | None = setting(fields.flag, None, "snap latents to the codebook; the model's own way if unset")

    @property
    def quantizes(self) -> bool:
        return self.latent.quantize if self.quantize is None else self.quantize

    def digests(self) -> dict[str, Any]:
        """Names, SHA-256 of every file, and whatever else of the models changes a pixel."""
        return {
            "latent": {"name": self.latent.name, "quantize": self.quantizes, "sha256": self.latent.digests()},
            "perceptors": [{"name": model.name, "sha256": model.digests()} for model in self.perceptors],
        }


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A text and its weight over time."""

    text: str
    weight: Curve


@dataclass(frozen=True, kw_only=True)
class Motion:
    """How the picture moves: a rate per second for every transform of the catalogue, and what enters."""

    rates: Mapping[str, Curve] = field(default_factory=dict)
    center: tuple[Curve, Curve] = (Curve.constant(0.5), Curve.constant(0.5))
    border: str = "reflect"


@dataclass(frozen=True, kw_only=True)
class Refine:
    """How hard guidance works on each frame."""

    steps: Curve = setting(curve(number(0, 10_000)), Curve.constant(5), "refinement steps per frame")
    first_frame: int = setting(fields.integer(0, 100_000), 60, "refinement steps of the first frame")
    lr: Curve = setting(curve(number(0, 100)), Curve.constant(0.2), "learning rate, in codebook spreads")
    cutouts: Curve = setting(curve(number(1, 1024)), Curve.constant(12), "looks at the picture per step")
    carry: bool = setting(fields.flag, True, "keep the optimiser's state from frame to frame")


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A whole schedule, valid by construction.

    Attributes:
        source: the file's text as read.
        title: for the video's metadata; the file's name unless set.
    """

    source: str
    title: str
    output: Output
    models: Models
    prompts: tuple[Prompt, ...]
    blend: str
    motion: Motion
    refine: Refine
    losses: Mapping[str, Curve]

    def draft(self) -> "Schedule":
        """Half the size and a third of the steps, for a quick look at the same motion."""
        unit = size_unit(self.models.latent)
        width, height = (max(1, round(side / 2 / unit)) * unit for side in self.output.size)
        steps = Curve(
            keys=tuple(
                dataclasses.replace(key, value=key.value and max(1.0, key.value / 3)) for key in self.refine.steps.keys
            )
        )
        refine = dataclasses.replace(self.refine, steps=steps, first_frame=-(-self.refine.first_frame // 3))
        output = dataclasses.replace(self.output, size=(width, height))
        source = f"# Rendered as a draft: half the size and a third of the steps of what follows.\n{self.source}"
        return dataclasses.replace(self, source=source, output=output, refine=refine)


def size_unit(latent: ModelFiles) -> int:
    """Width and height must be multiples of this: the model's stride, and even for the video's yuv420p."""
    return math.lcm(2, weights.latent_stride(latent))
