"""The section `guides:`: pictures that the video goes towards, those of the schedule or, with `auto`, of a prior."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.curves.array import Array
from pipeline.curves.curve import Curve, Keyframe
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.keyframes import by_time, curve, ease, keyed
from pipeline.schedule.fields.pictures import FITTING, IMAGE, picture_from
from pipeline.schedule.fields.quantities import number
from pipeline.schedule.fields.readers import flag, parts, read_entry
from pipeline.schedule.fields.shapes import Setting, about, described, map_of, one_of
from pipeline.schedule.sections import Reading, Section
from render.spec.pictures import Picture

AUTO = "auto"
MAX_GUIDES = 200
_EXPECTED = f"`{AUTO}`, or a map of times to pictures such as 4s: {{image: face.png}}"

SETTINGS = (
    IMAGE,
    Setting(
        name="weight",
        read=curve(number(0, 100)),
        default=Curve.constant(1.0),
        about="how near the video is to it at that time: from 1 on nothing else is left; the loss pulls by this much",
    ),
    Setting(name="ease", read=ease, default="linear", about="how its weight rises from the guide before, to that time"),
    Setting(
        name="moves",
        read=flag,
        default=True,
        about="whether it moves as the picture does: at its time it is as it is, before that it is on its way there",
    ),
    *FITTING,
)


@dataclass(frozen=True, kw_only=True)
class Guide:
    """A picture, its weight, and how far it is there between the guides around it, from 0 to 1, both over time."""

    time: float
    picture: Picture
    moves: bool
    weight: Curve
    presence: Curve

    def sample(self, times: Array) -> Array:
        """The weight that it has at `times`, in seconds; same shape."""
        return self.weight.sample(times) * self.presence.sample(times)


@dataclass(frozen=True, kw_only=True)
class Guides:
    """What the video goes towards.

    Attributes:
        auto: whether the shots' priors propose a picture for every scene, at which crossfades arrive.
        images: the pictures of the schedule, in order of time.
    """

    auto: bool = False
    images: tuple[Guide, ...] = ()


NONE = Guides()


@described(one_of({"const": AUTO}, keyed(map_of({entry.name: entry.shape for entry in SETTINGS}, required=("image",)))))
def read_guides(value: Value, clock: Clock) -> Guides:
    """Read the word `auto`, or a map of times to pictures."""
    if not value.is_map:
        if value.scalar(_EXPECTED) != AUTO:
            raise value.invalid(_EXPECTED)
        return Guides(auto=True)
    if len(value.node.value) > MAX_GUIDES:
        raise InvalidError(value, f"more than {MAX_GUIDES} pictures")
    readers = {entry.name: entry.read for entry in SETTINGS}
    found = by_time(value, clock, lambda at, entry: parts(entry, readers, clock))
    guides = Guides(images=_faded({_shown(at, clock): read for at, read in found.items()}))
    clock.note(value, guides)
    return guides


def _shown(at: float, clock: Clock) -> float:
    """The time at which a picture is to be seen: the end is that of the last frame, unless the video is a loop."""
    last = float(clock.frames[-1]) if clock.known and not clock.names.loop else at
    return last if last < at <= clock.length + 1e-9 else at


def _faded(found: Mapping[float, Mapping[str, Any]]) -> tuple[Guide, ...]:
    """The guides, each of which rises from the time of the one before and falls to that of the one after.

    The first rises from the beginning; the last stays.
    """
    times = list(found)
    guides = []
    for position, (at, read) in enumerate(found.items()):
        keys = [Keyframe(time=at, value=1.0, easing=read.get("ease", "linear"))]
        if at > 0:
            keys.insert(0, Keyframe(time=times[position - 1] if position else 0.0, value=0.0))
        if position + 1 < len(times):
            following = times[position + 1]
            keys.append(Keyframe(time=following, value=0.0, easing=found[following].get("ease", "linear")))
        weight = read.get("weight", Curve.constant(1.0))
        guides.append(
            Guide(
                time=at,
                picture=picture_from(read),
                moves=read.get("moves", True),
                weight=weight,
                presence=Curve(keys=tuple(keys)),
            )
        )
    return tuple(guides)


def _read(reading: Reading) -> Guides:
    found: Guides = read_entry(read_guides, reading.entries, "guides", reading.clock, default=NONE)
    if found.auto and reading.clock.known and all(start.prior is None for start in reading.found["start"]):
        entry = reading.entries["guides"]
        if any(problem.path.startswith("start") for problem in entry.problems.found):
            return found  # its prior cannot be read, which is reported
        with entry.problems.collecting():
            raise InvalidError(entry, "has no prior to draw pictures; write start: {prior: bank} as well")
    if found.auto and _has_regions(reading):
        reading.clock.warn(
            reading.entries["guides"], "pictures are for the whole frame: regions of prompts do not matter"
        )
    return found


def _has_regions(reading: Reading) -> bool:
    return any(prompt.region is not None for prompt in reading.found["prompts"])


SECTION = Section(
    position=66,
    is_merged=False,
    shape=lambda: about(
        read_guides.shape,
        "pictures to be near at times; with `auto`, the prior of `start:` proposes one for every scene of the prompts, "
        "at which crossfades arrive",
    ),
    read=_read,
    needs=("start", "prompts"),
    settings=lambda: SETTINGS,
    misplaced={},
)
