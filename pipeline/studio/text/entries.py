"""Maps of times in the text: each entry's time and where it is written."""

import dataclasses
from dataclasses import dataclass

import yaml

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError, Problems
from pipeline.schedule.fields.clock import Clock, Noted
from pipeline.schedule.fields.quantities import Quantity
from pipeline.schedule.fields.times import time
from pipeline.studio.text.opened import Opened


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of a map of times.

    Attributes:
        number: its place in the text, from 0.
        at: its time in seconds of the clock that it was read by.
        value: its value without the easing: a number, a text, or a map with a picture.
        ease: its easing; None if it is not written.
    """

    number: int
    key: Value
    entry: Value
    at: float
    value: Value
    ease: Value | None


def entries(value: Value, clock: Clock, skipped: tuple[str, ...] = ("blend",)) -> list[Entry]:
    """The entries of a map of times in the order of the text; empty if it is no map."""
    if not value.is_map:
        return []
    quiet = Value(value.node, value.path, Problems(value.problems.file))
    found: list[Entry] = []
    for name, key, entry in quiet.pairs("a map of times"):
        if name in skipped:
            continue
        inner = entry.entries()
        main = inner.get("to") or inner.get("text") or entry
        at = time(key, clock)
        found.append(Entry(number=len(found), key=key, entry=entry, at=at, value=main, ease=inner.get("ease")))
    return found


def id_of(noted: Noted, number: int | None = None) -> str:
    """The name of what was noted, or of an entry of it, among all that can be edited: `motion.zoom[2]`."""
    return noted.value.path if number is None else f"{noted.value.path}[{number}]"


def why_no_number(value: Value, quantity: Quantity, clock: Clock) -> str:
    """Why a value is no number that a hand can drag; "" if it is one."""
    if not isinstance(value.node, yaml.ScalarNode):
        return "it is not a number"
    try:
        if quantity.convert(value, clock) is None:
            return "it is an expression"
    except InvalidError:
        return "it is an expression"
    return "it is a rate per beat, and the tempo changes" if _follows_tempo(value, quantity, clock) else ""


def _follows_tempo(value: Value, quantity: Quantity, clock: Clock) -> bool:
    from pipeline.curves.beat_grid import BeatGrid

    return isinstance(clock.beat, BeatGrid) and bool(quantity.per_beat(value))


def curve_notes(opened: Opened) -> dict[str, list[Noted]]:
    """The curves of a schedule by their path without the shot; of each, what was read in one shot after the other."""
    found: dict[str, dict[str, Noted]] = {}
    for noted in opened.noted:
        if noted.quantity is not None and noted.clock.known:
            shot = opened.shot_of(noted.value)
            path = noted.value.path if shot is None else noted.value.path.removeprefix(f"shots[{shot}].")
            found.setdefault(path, {})[noted.value.path] = noted
    return {path: list(pieces.values()) for path, pieces in found.items()}


def with_text(value: Value, text: str) -> Value:
    """The value as if `text` were written in its place."""
    node = yaml.ScalarNode("", text, value.node.start_mark, value.node.end_mark, style=None)
    return dataclasses.replace(value, node=node)
