"""Edits by a hand on the timeline, as changes of the text: that number, and nothing else in the file.

A key that is moved past its neighbour keeps its value and easing, and its entry moves to the place in the text that its
time has there, with its comments; a map whose entries were not in order of time before is left in its order. A key that
would fall on another one stops a frame before it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.schedule.document.document import Value
from pipeline.schedule.fields.clock import Noted
from pipeline.studio.text.editing.changes import Change, Changes, changed
from pipeline.studio.text.editing.easing import require_easing
from pipeline.studio.text.editing.keyframing import constant_changes
from pipeline.studio.text.editing.keymap import KeyMap
from pipeline.studio.text.entries import entries, id_of, why_no_number
from pipeline.studio.text.numbers import number_text
from pipeline.studio.text.opened import Opened, opened
from pipeline.studio.text.source import Source
from pipeline.studio.text.times import duration_text, time_text
from render.errors import InputError, suggestion

Edit = Mapping[str, Any]
MAX_EDITS = 2_000
SHORTEST = 1.01  # frames of a shot; a length is written no longer than it is wanted


def edited(text: str, path: str, folder: Path, edits: Sequence[Edit]) -> Changes:
    """The changes of the schedule at `path`, relative to `folder`, that edits of its timeline amount to.

    Args:
        edits: `{op: move, id, time?, value?}`, `{op: add, path, time, value, easing?}`, `{op: remove, id}`,
            `{op: easing, id, easing}`, `{op: edge, id, time}` or `{op: marker, name, time}`; ids and times are those of
            the timeline of this text.

    Raises:
        InputError: the text is not valid, an edit is not, or what it would change is not written as a plain number.
    """
    if len(edits) > MAX_EDITS:
        raise InputError(f"expected at most {MAX_EDITS:,} edits, got {len(edits):,}")
    return _Hand(opened(text, folder / path)).changes(edits)


@dataclass
class _Places:
    """What can be edited, by id: keyed maps with an entry's number, and constants."""

    keys: dict[str, tuple[KeyMap, int]]
    constants: dict[str, Noted]
    curves: dict[str, list[Noted]]
    maps: dict[str, KeyMap]


class _Hand:
    """Collects the changes of several edits of one text."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._places = _places(opened)
        self._changes: list[Change] = []
        self._added: dict[str, list[tuple[float, float, str | None]]] = {}

    def changes(self, edits: Sequence[Edit]) -> Changes:
        known: dict[str, Callable[[Edit], None]] = {
            "move": self._move,
            "edge": self._move,
            "add": self._add,
            "remove": self._remove,
            "easing": self._ease,
            "marker": self._marker,
        }
        for edit in edits:
            op = edit.get("op") if isinstance(edit, Mapping) else None
            if not isinstance(op, str) or op not in known:
                raise InputError(f"unknown edit '{op}'; {suggestion(str(op), known)}")
            known[op](edit)
        for path, new in self._added.items():
            noted = self._places.constants[path]
            self._changes += constant_changes(self._opened, noted, new)
        for keyed in self._places.maps.values():
            self._changes += keyed.changes()
        return changed(self._opened.source, self._changes)

    def _move(self, edit: Edit) -> None:
        name, at, value = _text(edit, "id"), _number(edit, "time"), _number(edit, "value")
        if name in self._places.keys:
            keyed, number = self._places.keys[name]
            if at is not None:
                keyed.move(number, at)
            if value is not None:
                keyed.set_value(number, value)
        elif name in self._places.constants:
            if value is not None:
                self._set_constant(self._places.constants[name], value)
        elif name.endswith(".length") and at is not None:
            self._end_shot(name, at)
        else:
            raise _unknown(name, [*self._places.keys, *self._places.constants])

    def _set_constant(self, noted: Noted, wanted: float) -> None:
        why = self._why_fixed(noted.value) or why_no_number(noted.value, noted.quantity, noted.clock)
        _require(noted.value.path, why)
        self._replace(noted.value, number_text(noted.value, wanted, noted.quantity, noted.clock))

    def _end_shot(self, name: str, at: float) -> None:
        """Move the end of a shot: its length changes, and the shots after it move."""
        shots = {item.entries()["length"].path: number for number, item in enumerate(self._opened.shots)}
        if name not in shots:
            raise _unknown(name, list(shots))
        length = self._opened.shots[shots[name]].entries()["length"]
        _require(name, self._opened.why_fixed(length.node))
        clock = self._opened.clock
        start = self._opened.schedule.shots[shots[name]].start
        self._replace(length, duration_text(length, max(at - start, SHORTEST / clock.fps), clock))

    def _add(self, edit: Edit) -> None:
        path, at, value = _text(edit, "path"), _number(edit, "time"), _number(edit, "value")
        if at is None or value is None:
            raise InputError("an edit that adds a key needs path, time and value")
        ease = edit.get("easing")
        if ease is not None:
            require_easing(ease)
        noted = self._piece(path, at)
        if noted.value.is_map:
            self._places.maps[noted.value.path].add(at, value, ease)
        else:
            why = self._why_fixed(noted.value) or why_no_number(noted.value, noted.quantity, noted.clock)
            _require(noted.value.path, why)
            self._added.setdefault(noted.value.path, []).append((at - noted.clock.start, value, ease))

    def _piece(self, path: str, at: float) -> Noted:
        """What was read for a curve in the shot that a time lies in."""
        pieces = self._places.curves.get(path)
        if pieces is None:
            raise _unknown(path, list(self._places.curves))
        for noted in pieces:
            if noted.clock.start - 1e-9 <= at < noted.clock.start + noted.clock.length or len(pieces) == 1:
                return noted
        raise InputError(f"{path}: the shot at {at:.4g} s does not set it; write it there in the text")

    def _remove(self, edit: Edit) -> None:
        name = _text(edit, "id")
        if name in self._places.constants:
            raise InputError(f"{name}: it has no keys; remove the setting in the text")
        keyed, number = self._key(name)
        keyed.remove(number)

    def _ease(self, edit: Edit) -> None:
        keyed, number = self._key(_text(edit, "id"))
        require_easing(edit.get("easing"))
        keyed.ease(number, str(edit["easing"]))

    def _key(self, name: str) -> tuple[KeyMap, int]:
        if name not in self._places.keys:
            raise _unknown(name, list(self._places.keys))
        return self._places.keys[name]

    def _marker(self, edit: Edit) -> None:
        name, at = _text(edit, "name"), _number(edit, "time")
        section = self._opened.reading.entries.get("markers")
        written = section.entries() if section else {}
        if name not in written or at is None:
            raise _unknown(name, list(written))
        _require(f"markers.{name}", self._opened.why_fixed(written[name].node))
        clock = self._opened.clock
        self._replace(written[name], time_text(written[name], min(max(at, 0.0), clock.length), clock))

    def _replace(self, value: Value, text: str) -> None:
        self._changes.append(replaced(self._opened.source, value, text))

    def _why_fixed(self, value: Value) -> str:
        return self._opened.why_fixed(value.node, self._opened.shot_of(value))


def replaced(source: Source, value: Value, text: str) -> Change:
    """The change that writes another text in a scalar's place, within its quotes."""
    start, end = source.inner(value.node)
    return Change(start=start, end=end, insert=text)


def _places(opened: Opened) -> _Places:
    found = _Places(keys={}, constants={}, curves={}, maps={})
    for noted in opened.noted[:-1]:
        if not noted.clock.known:
            continue
        if noted.value.is_map:
            keyed = KeyMap(opened, noted, entries(noted.value, noted.clock))
            found.maps[noted.value.path] = keyed
            for entry in keyed.entries:
                found.keys[id_of(noted, entry.number)] = keyed, entry.number
        elif noted.quantity is not None:
            found.constants[noted.value.path] = noted
        if noted.quantity is not None:
            shot = opened.shot_of(noted.value)
            path = noted.value.path.removeprefix(f"shots[{shot}].")
            found.curves.setdefault(path, []).append(noted)
    return found


def _text(edit: Edit, name: str) -> str:
    found = edit.get(name)
    if not isinstance(found, str):
        raise InputError(f"the edit '{edit.get('op')}' needs '{name}', a text")
    return found


def _number(edit: Edit, name: str) -> float | None:
    found = edit.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < 1e15:
        raise InputError(f"the edit '{edit.get('op')}' has a wrong '{name}': expected a number")
    return float(found)


def _require(name: str, why: str) -> None:
    if why:
        raise InputError(f"{name}: cannot be changed here: {why}")


def _unknown(name: str, known: list[str]) -> InputError:
    return InputError(f"there is no '{name}' in this text; {suggestion(name, known, 'ask for its timeline again')}")
