"""`markers:`: names of times."""

import dataclasses
import re
from collections.abc import Mapping

from pipeline.schedule.document.document import Value
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.names import in_dependency_order, named, names_shape
from pipeline.schedule.fields.readers import read_entry, written
from pipeline.schedule.fields.times import TIME, time
from pipeline.schedule.sections import Reading, Section

_REFERENCE = re.compile(r"\s*@\s*(\w+)")


def _read(reading: Reading) -> Mapping[str, float]:
    """The times of all markers in seconds, including those of the music's sections."""
    clock = reading.clock
    found: Mapping[str, float] = read_entry(_markers, reading.entries, "markers", clock, default=clock.markers)
    return found


def _markers(value: Value, clock: Clock) -> dict[str, float]:
    """The times of `markers:` in seconds, added to the clock's own; they may refer to each other."""
    entries = named(value, "a marker")
    found = dict(clock.markers)
    for name in in_dependency_order(
        entries, {name: _anchors(entry) & entries.keys() for name, entry in entries.items()}
    ):
        with value.problems.collecting():
            found[name] = time(entries[name], dataclasses.replace(clock, markers=found))
    return found


def _anchors(entry: Value) -> set[str]:
    match = None if entry.is_map or entry.is_list else _REFERENCE.match(written(entry))
    return {match[1]} if match else set()


SECTION = Section(
    position=120,
    shape=lambda: names_shape("names for times, to be used as keys such as @drop", TIME),
    read=_read,
    needs=("loop",),
    clock=lambda markers, clock: dataclasses.replace(clock, markers=markers),
)
