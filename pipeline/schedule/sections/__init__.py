"""The keys at the top of a schedule, one per file; the file's name is the key.

Contract: the module of a section holds `SECTION`, a `Section`. To add a section, add its file: the loader, the JSON
Schema, the tables of docs/schedule.md and the hints of error messages list this folder. A module without `SECTION`,
such as music_signals.py, is a part of another section. No section imports torch.
"""

import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any, Generic, TypeVar

from pipeline.schedule.document.document import Value
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.readers import read_entry
from pipeline.schedule.fields.shapes import Setting, Shape
from render import catalogue

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A schedule, or one shot of it, while it is being read.

    Attributes:
        document: the whole schedule.
        entries: the values of the sections that are present, by key.
        clock: the clock, as far as the sections read so far determine it.
        found: the results of these sections, by key.
    """

    document: Value
    entries: Mapping[str, Value]
    clock: Clock
    found: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def reader_of(key: str, read: Callable[[Value, Clock], T], default: T) -> Callable[[Reading], T]:
    """A reader for a section that depends on no other; the default if it is missing or invalid, which is reported."""

    def read_section(reading: Reading) -> T:
        found: T = read_entry(read, reading.entries, key, reading.clock, default=default)
        return found

    return read_section


def _no_settings() -> tuple[Setting, ...]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Section(Generic[T]):
    """A key at the top of a schedule.

    Attributes:
        position: its place in the documentation; lower numbers come first.
        shape: what it accepts, with one line of description.
        read: returns the section's value, or its default if it is missing; problems are collected. None for a key that
            is processed before sections are read, such as `include`.
        needs: keys of sections that must be read before it.
        clock: returns the clock updated by this section. Sections that have it are read before all others.
        join: combines the values of all shots, given each shot's start in seconds, into one for the whole video. Only
            sections that have it may also be written in a shot.
        settings: its keys, for their table in the documentation.
        nested: the settings of maps within it, by the name of their table.
        misplaced: keys that people write at the top although they belong in this section, and their names in it;
            None stands for all of its settings.
        rivals: keys of which a map has one; a map with another of them is replaced as a whole, not merged.
        is_merged: whether a map is merged entry by entry with that of an included file, or in a shot with that of the
            top; otherwise it is replaced as a whole.
        can_vary: whether `variants:` may contain values of it.
    """

    position: int
    shape: Callable[[], Shape]
    read: Callable[[Reading], T] | None = None
    needs: tuple[str, ...] = ()
    clock: Callable[[T, Clock], Clock] | None = None
    join: Callable[[Sequence[float], Sequence[T]], Any] | None = None
    settings: Callable[[], Sequence[Setting]] = _no_settings
    nested: Mapping[str, Callable[[], Sequence[Setting]]] = dataclasses.field(default_factory=dict)
    misplaced: Mapping[str, str] | None = None
    rivals: tuple[str, ...] = ()
    is_merged: bool = True
    can_vary: bool = True


def declared() -> dict[str, Section[Any]]:
    """Every section by its key, in the order of the documentation."""
    package = sys.modules[__name__]
    modules = {name: catalogue.load(package, name) for name in catalogue.names(package)}
    found = {name: module.SECTION for name, module in modules.items() if hasattr(module, "SECTION")}
    return dict(sorted(found.items(), key=lambda entry: entry[1].position))


def in_shots() -> dict[str, Section[Any]]:
    """The sections that may also be written in a shot."""
    return {name: section for name, section in declared().items() if section.join is not None}


def replaced_as_a_whole() -> frozenset[str]:
    """The keys of the sections that are not merged entry by entry."""
    return frozenset(name for name, section in declared().items() if not section.is_merged)


def rivals() -> dict[str, tuple[str, ...]]:
    """The keys in each section of which a map has one."""
    return {name: section.rivals for name, section in declared().items() if section.rivals}


def fixed() -> frozenset[str]:
    """The keys of the sections whose values cannot vary."""
    return frozenset(name for name, section in declared().items() if not section.can_vary)


def in_reading_order() -> dict[str, Section[Any]]:
    """The sections that are read, in order: each after those that it needs, and those that affect the clock first."""
    found = {name: section for name, section in declared().items() if section.read is not None}
    deciding = {name for name, section in found.items() if section.clock is not None}
    needs = {name: {*section.needs} for name, section in found.items()}
    for name, section in found.items():
        if section.clock is None:
            needs[name] |= deciding
        if section.join is not None:
            needs[name].add("shots")  # it is read as a part of the shots
    return {name: found[name] for name in TopologicalSorter(needs).static_order()}


def belongs(key: str) -> tuple[str, str] | None:
    """The section that a misplaced top-level key belongs in, and its name there; None for an unknown key."""
    for name, section in declared().items():
        inside = section.misplaced
        if inside is None:
            inside = {setting.name: setting.name for setting in section.settings()}
        if key in inside:
            return name, inside[key]
    return None
