"""What moves and guides, and `shots:`: a list of it, one after the other, each on a clock of its own."""

import dataclasses
from dataclasses import dataclass

from pipeline.curves.curve import Curve
from pipeline.curves.joined import joined
from pipeline.schedule.document.document import InvalidError, Value
from pipeline.schedule.document.overrides import under
from pipeline.schedule.document.sources import size
from pipeline.schedule.fields import readers as fields
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.readers import read_entry, read_map, read_section
from pipeline.schedule.fields.shapes import Setting, described
from pipeline.schedule.fields.times import duration, lasting
from pipeline.schedule.sections.losses import _losses
from pipeline.schedule.sections.motion import Motion, read_motion
from pipeline.schedule.sections.prompts import Prompt, read_prompts
from pipeline.schedule.sections.refine import Refine
from render import catalogue
from render.motion import transforms

PARTS = ("prompts", "motion", "refine", "losses")
STARTS = ("cut", "carry")
MAX_SHOTS = 500
MAX_ENTRIES = 100_000

_EXPECTED = "a list of shots such as {length: 4s, prompts: a sea, start: cut}"
_LENGTH = "a length such as 4s, 8 bars, or a number of frames, of at least one frame"


@described(lasting(_LENGTH, least=1))
def _as_it_stands(value: Value, clock: Clock) -> Value:
    return value


SETTINGS = (
    Setting(
        name="length",
        read=_as_it_stands,
        default=None,
        about="how long it lasts; the sum of all is the length of the video",
        required=True,
    ),
    Setting(
        name="start",
        read=fields.choice(STARTS),
        default="cut",
        about="`cut` starts from noise as the first frame does, with `first_frame` steps; "
        "`carry` goes on from the last picture",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a shot, or a schedule without shots, says of its frames."""

    prompts: tuple[Prompt, ...]
    blend: str
    motion: Motion
    refine: Refine
    losses: dict[str, Curve]


def read_part(sections: dict[str, Value], clock: Clock) -> Part:
    """Read the sections in `PARTS`; what is wrong is noted, and what is missing is the default."""
    prompts, blend = read_entry(read_prompts, sections, "prompts", clock, default=((), "weights"))
    return Part(
        prompts=prompts,
        blend=blend,
        motion=read_entry(read_motion, sections, "motion", clock, default=Motion()),
        refine=read_section(Refine, sections["refine"], clock) if "refine" in sections else Refine(),
        losses=_losses(sections, clock),
    )


def read_lengths(value: Value, clock: Clock) -> list[float]:
    """How long every shot is, in seconds; what is wrong is noted, and counts as a second."""
    items = value.items(_EXPECTED)
    if not 0 < len(items) <= MAX_SHOTS:
        raise value.invalid(f"{_EXPECTED}, from 1 to {MAX_SHOTS} of them")
    return [_length(item, clock) for item in items]


def _length(item: Value, clock: Clock) -> float:
    with item.problems.collecting():
        entries = {name: entry for name, _, entry in item.pairs("a map with length, prompts, ...")}
        if "length" not in entries:
            raise InvalidError(item, "'length' is missing; expected a shot such as {length: 4s, prompts: a sea}")
        length = duration(entries["length"], clock, _LENGTH)
        if length is None or not 1 - 1e-9 <= length * clock.fps < 1e7:
            raise entries["length"].invalid(_LENGTH)
        return length
    return 1.0


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


def read_parts(document: Value, sections: dict[str, Value], clock: Clock) -> tuple[list[Shot], Part]:
    """All that moves and guides, and the shots: one where the schedule lists none. What is wrong is noted."""
    if "shots" in sections and clock.known:
        with document.problems.collecting():
            shots, parts = _read_shots(document, sections["shots"], clock)
            return shots, _join(shots, parts)
    part = read_part(sections, clock)
    return [_shot(0.0, True, part)], part


def _shot(start: float, cut: bool, part: Part) -> Shot:
    return Shot(start=start, cut=cut, blend=part.blend, border=part.motion.border, refine=part.refine)


def _read_shots(document: Value, value: Value, clock: Clock) -> tuple[list[Shot], list[Part]]:
    """Every shot, with what the top of the document says where it says nothing itself."""
    lengths = read_lengths(value, clock)
    shared = sum(size(entry.node) for name, entry in document.entries().items() if name in PARTS)
    if len(lengths) * shared > MAX_ENTRIES:
        said = f"{len(lengths)} shots with the {shared:,} entries at the top under each of them"
        raise InvalidError(value, f"{said} are too much; write them into the shots that need them")
    shots: list[Shot] = []
    parts: list[Part] = []
    begin = 0.0
    for item, length in zip(value.items(_EXPECTED), lengths, strict=True):
        frame = begin * clock.fps
        start = round(frame) / clock.fps if abs(frame - round(frame)) < 1e-6 else begin
        sections, cut = _sections(document, item, clock)
        part = read_part(sections, _clock_from(start, length, clock))
        shots.append(_shot(start, cut, part))
        parts.append(part)
        begin += length
    return shots, parts


def _sections(document: Value, item: Value, clock: Clock) -> tuple[dict[str, Value], bool]:
    """The sections of a shot, those of the document under them, and whether it starts anew."""
    readers = {entry.name: entry.read for entry in SETTINGS} | dict.fromkeys(PARTS, _as_it_stands)
    if not item.is_map:  # told where its length was looked for
        return {}, True
    cut = read_map(readers, item, clock).get("start", "cut") == "cut"
    whole = Value(under(item.node, document.node), item.path, item.problems).entries()
    sections = {name: Value(entry.node, entry.path, item.problems) for name, entry in whole.items() if name in PARTS}
    if "prompts" not in sections:
        item.problems.add(InvalidError(item, "'prompts' is missing, here and at the top of the schedule"))
    return sections, cut


def _clock_from(start: float, length: float, clock: Clock) -> Clock:
    """The clock of a shot: everything counts from its start, the beats from the first one in it."""
    beat = clock.beat.from_(start) if clock.beat else None
    signals = {name: signal.from_(start) for name, signal in clock.signals.items()}
    markers = {name: at - start for name, at in clock.markers.items()}
    return dataclasses.replace(clock, length=length, beat=beat, signals=signals, markers=markers, loop=0.0)


def _join(shots: list[Shot], parts: list[Part]) -> Part:
    """All parts as one, whose curves go from shot to shot."""
    starts = [shot.start for shot in shots]
    rates: dict[str, Curve] = {}
    for name in sorted({name for part in parts for name in part.motion.rates}):
        still = Curve.constant(catalogue.load(transforms, name).TRANSFORM.neutral)
        rates[name] = joined(starts, [part.motion.rates.get(name, still) for part in parts])
    center = [joined(starts, [part.motion.center[axis] for part in parts]) for axis in (0, 1)]
    refine = dataclasses.replace(
        parts[0].refine,
        steps=joined(starts, [part.refine.steps for part in parts]),
        lr=joined(starts, [part.refine.lr for part in parts]),
        cutouts=joined(starts, [part.refine.cutouts for part in parts]),
    )
    weights = {
        name: joined(starts, [part.losses.get(name, Curve.constant(0.0)) for part in parts])
        for name in {name: None for part in parts for name in part.losses}
    }
    return Part(
        prompts=tuple(
            dataclasses.replace(prompt, weight=_only(number, prompt.weight, starts))
            for number, part in enumerate(parts)
            for prompt in part.prompts
        ),
        blend=parts[0].blend,
        motion=Motion(rates=rates, center=(center[0], center[1]), border=parts[0].motion.border),
        refine=refine,
        losses=weights,
    )


def _only(number: int, weight: Curve, starts: list[float]) -> Curve:
    """A weight that counts in one shot alone."""
    nothing = Curve.constant(0.0)
    return joined(starts, [weight if number == other else nothing for other in range(len(starts))])
