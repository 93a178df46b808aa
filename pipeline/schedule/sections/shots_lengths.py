"""The lengths of shots, which are read ahead of all that is in them."""

from collections.abc import Mapping

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.frame_rate import is_source
from pipeline.schedule.fields.times import duration
from pipeline.schedule.sections.output_source import ShotSources

MAX_SHOTS = 500
EXPECTED_SHOTS = "a list of shots such as {length: 4s, prompts: a sea, start: cut}"
LENGTH = "a length such as 4s, 8 bars, or a number of frames, of at least one frame"


def read_lengths(value: Value, clock: Clock, top: Mapping[str, Value]) -> list[float]:
    """The length of every shot in seconds; problems are collected, and invalid lengths count as one second.

    Args:
        top: the sections at the top of the schedule.
    """
    items = value.items(EXPECTED_SHOTS)
    if not 0 < len(items) <= MAX_SHOTS:
        raise value.invalid(f"{EXPECTED_SHOTS}, from 1 to {MAX_SHOTS} of them")
    by_clips = any("length" in (given := item.entries()) and is_source(given["length"]) for item in items)
    sources = ShotSources(top, clock) if by_clips else None
    found: list[float] = []
    for item in items:
        found.append(_length(item, clock, sources))
        if sources is not None:
            sources.go_on(item, found[-1])
    return found


def _length(item: Value, clock: Clock, sources: ShotSources | None) -> float:
    with item.problems.collecting():
        entries = {name: entry for name, _, entry in item.pairs("a map with length, prompts, ...")}
        if "length" not in entries:
            raise InvalidError(item, "'length' is missing; expected a shot such as {length: 4s, prompts: a sea}")
        given = entries["length"]
        by_clip = sources is not None and is_source(given)
        length = sources.length(item, given) if sources is not None and by_clip else duration(given, clock, LENGTH)
        if length is None or not 1 - 1e-9 <= length * clock.fps < 1e7:
            raise given.invalid(LENGTH)
        return length
    return 1.0
