"""What all curves are read by: the times of `markers:` and the variables of `let:`."""

import dataclasses
import re
from collections.abc import Mapping

import numpy as np

from pipeline.curves.expressions import RESERVED, Expression
from pipeline.curves.functions import FUNCTIONS
from pipeline.curves.tokens import WORDS
from pipeline.schedule.document.document import InvalidError, Value
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.formulas import compiled
from pipeline.schedule.fields.readers import written
from pipeline.schedule.fields.times import time

MAX_NAMES = 100
_VARIABLE = "a number or an expression such as 2*sin(t)"

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_REFERENCE = re.compile(r"\s*@\s*(\w+)")


def with_markers(value: Value, clock: Clock) -> Clock:
    """The clock with the times of `markers:`, which may count from each other, over those it has."""
    entries = named(value, "a marker")
    found = dict(clock.markers)
    for name in _in_order(entries, {name: _anchors(entry) & entries.keys() for name, entry in entries.items()}):
        with value.problems.collecting():
            found[name] = time(entries[name], dataclasses.replace(clock, markers=found))
    return dataclasses.replace(clock, markers=found)


def _anchors(entry: Value) -> set[str]:
    match = None if entry.is_map or entry.is_list else _REFERENCE.match(written(entry))
    return {match[1]} if match else set()


def with_variables(value: Value, clock: Clock) -> Clock:
    """The clock with the expressions of `let:`, each behind those that it uses."""
    entries = named(value, "a variable")
    # Stands for every variable while the others are read, and afterwards for those that cannot be.
    unread = dict.fromkeys(entries, Expression(source="", names=frozenset(), compute=lambda names: np.array(np.nan)))
    known = dataclasses.replace(clock, variables=unread)
    read: dict[str, Expression] = {}
    for name, entry in entries.items():
        with value.problems.collecting():
            if entry.is_map or entry.is_list or isinstance(entry.scalar(_VARIABLE), bool | None):
                raise entry.invalid(_VARIABLE)
            read[name] = compiled(entry, known, _VARIABLE)
    for name in entries.keys() & clock.signals.keys():
        value.problems.add(InvalidError(entries[name], f"'{name}' is a signal of music:; choose another name"))
    order = _in_order({name: entries[name] for name in read}, {name: set(read[name].names) for name in read})
    return dataclasses.replace(
        clock,
        variables={name: read[name] for name in order}
        | {name: nothing for name, nothing in unread.items() if name not in order},
    )


def named(value: Value, kind: str) -> dict[str, Value]:
    """The entries of a map whose keys are names; others are noted and left out."""
    found: dict[str, Value] = {}
    if value.is_map and len(value.node.value) > MAX_NAMES:
        raise InvalidError(value, f"expected at most {MAX_NAMES} entries, got {len(value.node.value)}")
    for name, key, entry in value.pairs(f"a map of names, {kind} each"):
        with value.problems.collecting():
            if not _NAME.fullmatch(name):
                raise InvalidError(key, f"expected a name of letters, digits and _ for {kind}, got '{name}'")
            if kind != "a marker" and (name in RESERVED or name in FUNCTIONS or name in WORDS):
                raise InvalidError(key, f"'{name}' is a word of the language; choose another name")
            found[name] = entry
    return found


def _in_order(entries: Mapping[str, Value], uses: Mapping[str, set[str]]) -> list[str]:
    """Every name behind those that it uses; names that go round in a circle are noted and left out."""
    order: list[str] = []
    waiting = {name: {used for used in uses[name] if used in entries} for name in entries}
    done: set[str] = set()
    while ready := [name for name, used in waiting.items() if used <= done]:
        order += ready
        done.update(ready)
        waiting = {name: used for name, used in waiting.items() if name not in done}
    circles = {min(circle): circle for circle in (_circle(name, waiting) for name in waiting)}
    for name, circle in circles.items():
        around = " -> ".join([*circle[circle.index(name) :], *circle[: circle.index(name) + 1]])
        entries[name].problems.add(InvalidError(entries[name], f"goes round in a circle: {around}"))
    return order


def _circle(name: str, waiting: Mapping[str, set[str]]) -> list[str]:
    """The first circle on the way from `name` along what is used."""
    way = [name]
    while (following := min(waiting[way[-1]] & waiting.keys())) not in way:
        way.append(following)
    return way[way.index(following) :]
