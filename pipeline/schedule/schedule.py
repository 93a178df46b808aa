"""A schedule: the YAML file as frozen, checked objects, times and rates already in seconds."""

import dataclasses
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

import numpy as np

from pipeline.curves.curve import Curve
from pipeline.schedule.document.document import InvalidError, Value
from pipeline.schedule.document.variants import Variant
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.frame_rate import NEAR, frames_per_second
from pipeline.schedule.fields.keyframes import curve
from pipeline.schedule.fields.quantities import number, share
from pipeline.schedule.fields.readers import Clock
from pipeline.schedule.fields.shapes import described, one_of, setting, two_of
from pipeline.schedule.fields.times import duration, lasting, seconds
from pipeline.schedule.origin import Origin
from pipeline.schedule.sections.loop import Loop
from pipeline.schedule.sections.models import Models
from pipeline.schedule.sections.music import Music
from pipeline.schedule.sections.video import Video, videos
from render.errors import Problem
from render.spec import AUGMENTS, BORDERS, ImageFile

MAX_FRAMES = 1_000_000  # frames are named by six digits
DEFAULT_LOSSES: Mapping[str, float] = {"prompt": 1.0, "smooth": 0.6}


MUSIC = "music"
_SIDE = fields.integer(16, 8192)
_SHARE = curve(share)
_LENGTH = f"a length such as 12s, 32 bars, or a number of frames, from 1 to {MAX_FRAMES:,} frames"


@described(two_of(_SIDE))
def _size(value: Value, clock: Clock) -> tuple[int, int]:
    return fields.read_pair(_SIDE, value, clock, "a width and a height in pixels such as [256, 144]")


@described(two_of(_SHARE), shown=lambda axes: [_SHARE.shown(axis) for axis in axes], over_time=True)
def _center(value: Value, clock: Clock) -> tuple[Curve, Curve]:
    return fields.read_pair(_SHARE, value, clock, "two shares of the width and height such as [0.5, 0.5]")


@described(one_of(lasting(_LENGTH, least=1), {"const": MUSIC}), shown=seconds)
def _length(value: Value, clock: Clock) -> float:
    """A time that counts in frames, seconds or beats: percent and `end` have nothing to refer to."""
    whole = value.scalar(_LENGTH) == MUSIC
    if whole and clock.track is None and clock.known:
        raise InvalidError(value, "needs music: {file: track.mp3}")
    length = clock.track if whole else duration(value, clock, _LENGTH)
    if whole and length is None:
        return Output().length
    if length is None or not 0.5 < length * clock.fps < MAX_FRAMES + 0.5:
        raise value.invalid(_LENGTH)
    return length


@dataclass(frozen=True, kw_only=True)
class Output:
    """What comes out: pictures of (width, height) pixels, fps of them a second, for `length` seconds."""

    fps: float = setting(
        frames_per_second(auto=True),
        NEAR,
        "frames per second: a number or a fraction such as `24000/1001`; `auto` is near 12, `auto 24` near 24, so that "
        "bars, else beats, else the whole length last whole frames",
    )
    length: float = setting(
        _length,
        12.0,
        "seconds, beats or bars (`32 bars` is how long they last), frames as a bare number, "
        "or `music`: until the track ends",
    )
    size: tuple[int, int] = setting(
        _size, (256, 144), "width and height in pixels, multiples of the latent model's stride (embedded: 8)"
    )
    seed: int = setting(fields.integer(0, 2**63 - 1), 0, "the same schedule with the same seed gives the same frames")

    video: tuple[Video, ...] = setting(videos, (Video(),), "in which formats, for which places")

    @property
    def num_frames(self) -> int:
        return max(1, round(self.length * self.fps))


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A text, or a picture called by it, and its weight over time."""

    text: str
    weight: Curve
    image: ImageFile | None = None


@dataclass(frozen=True, kw_only=True)
class Motion:
    """How the picture moves: a rate per second for every transform of the catalogue, and what enters."""

    rates: Mapping[str, Curve] = field(default_factory=dict)
    center: tuple[Curve, Curve] = setting(
        _center,
        (Curve.constant(0.5), Curve.constant(0.5)),
        "the fixed point of zoom and rotation, in shares of the width and height",
    )
    border: str = setting(fields.choice(BORDERS), "reflect", "what enters from outside")


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


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What of a schedule changes with its shots and is no curve.

    Attributes:
        start: when it begins, in seconds.
        cut: its first frame starts from noise, as the first of all does; else from the last shot's last one.
    """

    start: float
    cut: bool
    blend: str
    border: str
    refine: Refine


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A whole schedule, valid by construction.

    Attributes:
        source: the file's text as read.
        title: for the video's metadata; the file's name unless set.
        markers: names of times, in seconds.
        shots: where there are several, what of the fields above holds only in one of them; empty where there are none.
        variants: all combinations of what varies, this schedule being the first; empty where nothing does.
        warnings: what stands there and has no effect, or hardly the wanted one.
        origin: where it came from, so that its run can be gone on with; None if it was read from a text.
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
    music: Music = Music()
    loop: Loop = Loop()
    markers: Mapping[str, float] = field(default_factory=dict)
    shots: tuple[Shot, ...] = ()
    variants: tuple[Variant, ...] = ()
    warnings: tuple[Problem, ...] = ()
    origin: Origin | None = field(default=None, compare=False, repr=False)

    @property
    def kind(self) -> Hashable:
        """Schedules of one kind can be refined together: those of one set of models and one size."""
        return self.models, self.output.size

    @property
    def num_rendered(self) -> int:
        """How many frames are made; a loop's end is rendered further than it is shown."""
        return self.output.num_frames + self.loop.num_led(self.output.fps)

    def draft(self) -> "Schedule":
        """Half the size and a third of the steps, for a quick look at the same motion."""
        unit = self.models.size_unit
        width, height = (max(1, round(side / 2 / unit)) * unit for side in self.output.size)
        shots = tuple(dataclasses.replace(shot, refine=shot.refine.draft()) for shot in self.shots)
        output = dataclasses.replace(self.output, size=(width, height))
        source = f"# Rendered as a draft: half the size and a third of the steps of what follows.\n{self.source}"
        origin = dataclasses.replace(self.origin, draft=True) if self.origin else None
        return dataclasses.replace(
            self, source=source, output=output, refine=self.refine.draft(), shots=shots, origin=origin
        )
