"""`shots:`: consecutive parts of the video, each with its own clock; a schedule without it is a single shot."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.overrides import merged_under
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.document.sources import size
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.frame_rate import SOURCE
from pipeline.schedule.fields.readers import read_map
from pipeline.schedule.fields.shapes import Setting, Shape, described, list_of, one_of, section
from pipeline.schedule.fields.times import lasting
from pipeline.schedule.sections import Reading, Section, in_reading_order, in_shots, replaced_as_a_whole, rivals, start
from pipeline.schedule.sections.models import Models, require_few
from pipeline.schedule.sections.motion import Motion
from pipeline.schedule.sections.prompts import EXPECTED, Prompts
from pipeline.schedule.sections.refine import Refine
from pipeline.schedule.sections.shots_lengths import EXPECTED_SHOTS, LENGTH, MAX_SHOTS
from render.spec.pictures import PictureStart, PriorStart

STARTS = ("cut", "carry")
"""How a shot can begin; anything else that `start` may be in a shot is what it cuts to, see `sections.start`."""

MAX_ENTRIES = 100_000


@described(one_of(lasting(LENGTH, least=1), {"const": SOURCE}))
def _unread(value: Value, clock: Clock) -> Value:
    return value


@described(one_of({"enum": list(STARTS)}, start.read_start.shape))
def _beginning(value: Value, clock: Clock) -> bool:
    """Whether a shot begins with a cut; what else it says about its start is read with the shot's sections."""
    if value.is_map:
        return True
    return fields.choice((*STARTS, start.NOISE), "start")(value, clock) != "carry"


SETTINGS = (
    Setting(
        name="length",
        read=_unread,
        default=None,
        about="how long it lasts, or `source`: until its clip is over; the video lasts as long as all shots together",
        required=True,
    ),
    Setting(
        name="start",
        read=_beginning,
        default="cut",
        about="`cut` starts anew as the first frame does, with `first_frame` steps, from what `start:` at the top "
        "says; `noise`, or a map as `start:` has, is a cut to that; `carry` continues from the last picture",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A part of the video.

    Attributes:
        start: when it begins, in seconds.
        cut: whether its first frame starts anew, as a video's first frame does, or from the previous frame.
        sections: values of its sections, by key. Curves count from its start; `Shots.joined` has the whole video's.
    """

    start: float
    cut: bool
    sections: Mapping[str, Any]

    @property
    def blend(self) -> str:
        """How prompts blend."""
        prompts: Prompts = self.sections["prompts"]
        return prompts.blend

    @property
    def border(self) -> str:
        """What the border brings into the picture."""
        motion: Motion = self.sections["motion"]
        return motion.border

    @property
    def refine(self) -> Refine:
        refine: Refine = self.sections["refine"]
        return refine

    @property
    def models(self) -> Models:
        """Its own models; `Schedule.models` holds those of all shots."""
        models: Models = self.sections["models"]
        return models

    @property
    def origin(self) -> PriorStart | PictureStart | None:
        """What its first frame starts from if it is a cut; None for noise."""
        begun: start.Start = self.sections["start"]
        return begun.spec

    @property
    def first_steps(self) -> int | None:
        """The steps of its first frame if it is a cut; None if `refine.steps` decides."""
        begun: start.Start = self.sections["start"]
        return begun.steps(self.refine.first_frame)

    def draft(self) -> "Shot":
        return replace(self, sections={**self.sections, "refine": self.refine.draft()})


@dataclass(frozen=True, kw_only=True)
class Shots:
    """All shots, at least one, and their joined values by section, with curves that continue from shot to shot."""

    shots: tuple[Shot, ...]
    joined: Mapping[str, Any]


def _read(reading: Reading) -> Shots:
    """Read all shots; without a list, the whole video is one shot. Problems are collected."""
    problems = reading.document.problems
    if reading.document.is_map and not reading.entries.keys() & {"prompts", "shots"}:
        problems.add(InvalidError(reading.document, f"prompts: is missing; expected {EXPECTED}"))
    if "shots" in reading.entries and reading.clock.known:
        with problems.collecting():
            found = _joined(_listed(reading))
            require_few(found.joined["models"], reading.entries["shots"])
            return found
    return _joined([Shot(start=0.0, cut=True, sections=_sections(reading))])


def _sections(reading: Reading) -> dict[str, Any]:
    """Read the sections of a shot, by key; one that needs another finds that of the same shot."""
    found: dict[str, Any] = {}
    for name, known in in_reading_order().items():
        if known.join is not None and known.read is not None:
            found[name] = known.read(replace(reading, found={**reading.found, **found}))
    return found


def _joined(shots: list[Shot]) -> Shots:
    starts = [shot.start for shot in shots]
    joined = {
        name: section.join(starts, [shot.sections[name] for shot in shots])
        for name, section in in_shots().items()
        if section.join is not None
    }
    return Shots(shots=tuple(shots), joined=joined)


def _listed(reading: Reading) -> list[Shot]:
    """Read every listed shot; sections that it lacks come from the top of the document."""
    document, clock, value = reading.document, reading.clock, reading.entries["shots"]
    lengths = reading.found["output"].shot_lengths
    shared = sum(size(entry.node) for name, entry in document.entries().items() if name in in_shots())
    if len(lengths) * shared > MAX_ENTRIES:
        message = f"{len(lengths)} shots, each with the {shared:,} entries at the top,"
        raise InvalidError(value, f"{message} are too many; move them into the shots that need them")
    shots: list[Shot] = []
    begin = 0.0
    for item, length in zip(value.items(EXPECTED_SHOTS), lengths, strict=True):
        frame = begin * clock.fps
        start = round(frame) / clock.fps if abs(frame - round(frame)) < 1e-6 else begin
        entries, cut = _entries(document, item, clock)
        own = Reading(document=document, entries=entries, clock=_clock_from(start, length, clock), found=reading.found)
        shots.append(Shot(start=start, cut=cut, sections=_sections(own)))
        begin += length
    return shots


def _entries(document: Value, item: Value, clock: Clock) -> tuple[dict[str, Value], bool]:
    """The sections of a shot, filled in from the top of the document, and whether it starts with a cut."""
    readers = dict.fromkeys(in_shots(), _unread) | {entry.name: entry.read for entry in SETTINGS}
    if not item.is_map:  # reported when its length was read
        return {}, True
    cut = read_map(readers, item, clock).get("start", True)
    own = _without_word(item.node)
    merged = merged_under(own, document.node, replaced_as_a_whole(), rivals())
    whole = Value(merged, item.path, item.problems).entries()
    entries = {
        name: Value(entry.node, entry.path, item.problems) for name, entry in whole.items() if name in in_shots()
    }
    models = item.entries().get("models")
    if not cut and models is not None and models.is_map and "latent" in models.entries():
        entries.pop("start", None)  # nothing starts here, and the prior at the top may be for another latent model
    if "prompts" not in entries:
        item.problems.add(InvalidError(item, "'prompts' is missing, here and at the top of the schedule"))
    return entries, cut


def _without_word(shot: yaml.Node) -> yaml.Node:
    """The shot without `start: cut`, `carry` or a wrong word: what it cuts to then comes from the top."""
    left = copy.copy(shot)
    left.value = [
        (key, value)
        for key, value in shot.value
        if key.value != "start" or isinstance(value, yaml.MappingNode) or value.value == start.NOISE
    ]
    return left


def _clock_from(start: float, length: float, clock: Clock) -> Clock:
    """The clock of a shot: times count from its start, and beats from the first one in it."""
    beat = clock.beat.starting_at(start) if clock.beat else None
    signals = {name: signal.starting_at(start) for name, signal in clock.names.signals.items()}
    markers = {name: at - start for name, at in clock.markers.items()}
    own = replace(clock, start=start, length=length, beat=beat, markers=markers)
    return own.with_names(signals=signals, loop=0.0)


def _shape() -> Shape:
    parts = {name: section.shape() for name, section in in_shots().items()}
    shot = section("shot", "a part of the video", SETTINGS)
    return {
        "description": "parts of the video, one after the other",
        **list_of({**shot, "properties": {**parts, **shot["properties"]}}, MAX_SHOTS),
    }


SECTION = Section(
    position=90, is_merged=False, shape=_shape, read=_read, needs=("output",), settings=lambda: SETTINGS, misplaced={}
)
