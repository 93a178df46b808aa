"""Maps of names (`markers:`, `let:` and signals), and the order in which their entries refer to each other."""

import re
from collections.abc import Mapping

from pipeline.curves.expressions import RESERVED
from pipeline.curves.functions import FUNCTIONS
from pipeline.curves.tokens import WORDS
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.shapes import Shape

MAX_NAMES = 100
NAME_SHAPE = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z_0-9]*$"}
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def named(value: Value, kind: str) -> dict[str, Value]:
    """The entries of a map whose keys are valid names; others are collected as problems and left out."""
    found: dict[str, Value] = {}
    if value.is_map and len(value.node.value) > MAX_NAMES:
        raise InvalidError(value, f"expected at most {MAX_NAMES} entries, got {len(value.node.value)}")
    for name, key, entry in value.pairs(f"a map of names to {kind} each"):
        with value.problems.collecting():
            if not _NAME.fullmatch(name):
                raise InvalidError(key, f"expected a name of letters, digits and _ for {kind}, got '{name}'")
            if kind != "a marker" and (name in RESERVED or name in FUNCTIONS or name in WORDS):
                raise InvalidError(key, f"'{name}' is a reserved word; choose another name")
            found[name] = entry
    return found


def names_shape(description: str, shape: Shape) -> Shape:
    """The shape of a map whose keys are names."""
    return {
        "description": description,
        "type": "object",
        "propertyNames": NAME_SHAPE,
        "additionalProperties": shape,
    }


def in_dependency_order(entries: Mapping[str, Value], uses: Mapping[str, set[str]]) -> list[str]:
    """Sort names so that each comes after those that it uses; cycles are collected as problems and left out."""
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
        entries[name].problems.add(InvalidError(entries[name], f"refers to itself: {around}"))
    return order


def _circle(name: str, waiting: Mapping[str, set[str]]) -> list[str]:
    """The first cycle found when following uses from `name`."""
    way = [name]
    while (following := min(waiting[way[-1]] & waiting.keys())) not in way:
        way.append(following)
    return way[way.index(following) :]
