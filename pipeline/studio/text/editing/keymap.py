"""A map of times in the text while its keys are edited."""

from collections.abc import Iterator
from functools import cached_property

import yaml

from pipeline.schedule.fields.clock import Noted
from pipeline.schedule.fields.times import time
from pipeline.studio.text.editing.changes import Change
from pipeline.studio.text.editing.easing import LINEAR, easing_changes, easing_text
from pipeline.studio.text.editing.slots import Slots
from pipeline.studio.text.entries import Entry, id_of, why_no_number, with_text
from pipeline.studio.text.numbers import number_text
from pipeline.studio.text.opened import Opened
from pipeline.studio.text.source import quote_of
from pipeline.studio.text.times import is_anchored, time_text
from render.errors import InputError

_SAME = 1e-9  # seconds


class KeyMap:
    """The keys of one map: those that are moved, changed, removed and added, until the changes are asked for.

    Of several edits of the same thing, the last one counts.
    """

    def __init__(self, opened: Opened, noted: Noted, entries: list[Entry]) -> None:
        self.noted, self.entries = noted, entries
        self._inner: list[dict[str, list[Change]]] = [{} for _ in entries]  # of every entry, by what is changed
        self._opened = opened
        self._wanted: dict[int, float] = {}
        self._removed: set[int] = set()
        self._new: list[tuple[float, float, str | None]] = []

    def why_fixed(self, number: int | None = None) -> str:
        """Why a key, or the whole map, cannot be changed in place; "" if it can."""
        shot = self._opened.shot_of(self.noted.value)
        node = self.noted.value.node if number is None else self.entries[number].key.node
        return self._opened.why_fixed(node, shot)

    def move(self, number: int, at: float) -> None:
        """Move a key to a time of the film."""
        self._require(number, self.why_fixed(number))
        clock = self.noted.clock
        self._wanted[number] = min(max(at - clock.start, 0.0), clock.length)

    def set_value(self, number: int, wanted: float) -> None:
        """Change the value of a key, in the unit of the curve."""
        entry, noted = self.entries[number], self.noted
        if noted.quantity is None:
            raise InputError(f"{id_of(noted, number)}: has no value to change")
        why = self._opened.why_fixed(entry.value.node, self._opened.shot_of(noted.value))
        self._require(number, why or why_no_number(entry.value, noted.quantity, noted.clock))
        others = [other.value for other in self._numbers() if other is not entry]
        text = number_text(entry.value, wanted, noted.quantity, noted.clock, others)
        start, end = self._opened.source.inner(entry.value.node)
        self._inner[number]["value"] = [Change(start=start, end=end, insert=text)]

    def ease(self, number: int, name: str) -> None:
        """Change the easing of a key."""
        self._require(number, self.why_fixed(number))
        self._inner[number]["easing"] = easing_changes(self._opened.source, self.entries[number], name)

    def remove(self, number: int) -> None:
        self._require(number, self.why_fixed(number))
        self._removed.add(number)

    def add(self, at: float, value: float, ease: str | None) -> None:
        """Add a key at a time of the film."""
        self._require(None, self.why_fixed())
        clock = self.noted.clock
        self._new.append((min(max(at - clock.start, 0.0), clock.length), value, ease))

    def changes(self) -> list[Change]:
        """All changes of the map."""
        if not (self._wanted or self._removed or self._new):
            return [change for number in range(len(self.entries)) for change in self._within(number)]
        times = self._moved()
        kept = [entry.number for entry in self.entries if entry.number not in self._removed]
        order = sorted(kept, key=times.__getitem__) if self._was_sorted else kept
        if order == kept and not (self._removed or self._new):
            return [change for number in range(len(self.entries)) for change in self._within(number)]
        slots = self._slots
        found = slots.without(sorted(self._removed)) if self._removed else []
        for slot, number in zip(kept, order, strict=True):
            found += (
                self._within(number)
                if slot == number
                else [slots.placed(slot, slots.text(number, self._within(number)))]
            )
        return found + self._additions(kept, [times[number] for number in order])

    def _within(self, number: int) -> list[Change]:
        """The changes within an entry."""
        return [change for changes in self._inner[number].values() for change in changes]

    def _moved(self) -> dict[int, float]:
        """The times of all keys, with the changes of those that are moved noted."""
        times = {entry.number: entry.at for entry in self.entries if entry.number not in self._removed}
        for number in self._wanted:
            times.pop(number, None)
        for number, wanted in self._wanted.items():
            if number in self._removed:
                continue
            entry = self.entries[number]
            text, times[number] = self._free(entry, wanted, [*times.values()])
            start, end = self._opened.source.inner(entry.key.node)
            self._inner[number]["time"] = [Change(start=start, end=end, insert=text)]
        return times

    def _free(self, like: Entry, wanted: float, taken: list[float]) -> tuple[str, float]:
        """The text and time of the free place that is nearest to the wanted one, on the side that a key came from."""
        clock = self.noted.clock
        frame = 1 / clock.fps
        away = -frame if wanted > like.at else frame
        for number in range(len(taken) + 1):
            for at in (wanted + number * away, wanted - number * away):
                if not 0 <= at <= clock.length:
                    continue
                text = time_text(like.key, at, clock)
                found = time(with_text(like.key, text), clock)
                if all(abs(found - other) > _SAME for other in taken):
                    return text, found
        raise InputError(f"{id_of(self.noted, like.number)}: there is no free frame at {wanted:.4g} s")

    def _additions(self, kept: list[int], times: list[float]) -> list[Change]:
        """The changes that put the new keys in their places among those that stay, which have these times in order."""
        if not kept and self._new:
            raise InputError(f"{self.noted.value.path}: the last key cannot be removed")
        by_place: dict[int, list[tuple[float, str]]] = {}
        taken = [*times]
        for at, value, ease in self._new:
            key, found = self._new_time(at, taken)
            taken.append(found)
            place = next((number for number, other in enumerate(times) if other > found), len(times))
            before = kept[place] if place < len(kept) else kept[-1] + 1
            by_place.setdefault(before, []).append((found, f"{key}: {self._new_value(found, value, ease)}"))
        return [self._slots.added(place, [text for _, text in sorted(new)]) for place, new in by_place.items()]

    def _new_time(self, at: float, taken: list[float]) -> tuple[str, float]:
        like = min(self.entries, key=lambda entry: (is_anchored(entry.key), abs(entry.at - at)))
        plain = with_text(like.key, "0s") if is_anchored(like.key) else like.key
        text, found = self._free(Entry(**{**vars(like), "key": plain, "at": at}), at, taken)
        quote = quote_of(like.key.node)
        return f"{quote}{text}{quote}", found

    def _new_value(self, at: float, value: float, ease: str | None) -> str:
        noted = self.noted
        assert noted.quantity is not None
        near = sorted(self._numbers(), key=lambda entry: abs(entry.at - at))
        like = near[0].value if near else with_text(noted.value, "0")
        text = number_text(like, value, noted.quantity, noted.clock, [other.value for other in near])
        quote = quote_of(like.node)
        text = f"{quote}{text}{quote}"
        return text if ease in (None, LINEAR) else f"{{to: {text}, ease: {easing_text(str(ease))}}}"

    def _numbers(self) -> Iterator[Entry]:
        """The entries whose values are plain numbers."""
        noted = self.noted
        for entry in self.entries:
            if noted.quantity is not None and not why_no_number(entry.value, noted.quantity, noted.clock):
                yield entry

    @cached_property
    def _was_sorted(self) -> bool:
        times = [entry.at for entry in self.entries]
        return times == sorted(times)

    @cached_property
    def _slots(self) -> Slots:
        node = self.noted.value.node
        assert isinstance(node, yaml.MappingNode)
        for entry in self.entries:
            for part in (entry.key.node, entry.entry.node):
                self._require(entry.number, self._opened.why_elsewhere(part))
        return Slots.of(self._opened.source, node, [entry.key.node for entry in self.entries])

    def _require(self, number: int | None, why: str) -> None:
        if why:
            raise InputError(f"{id_of(self.noted, number)}: cannot be changed here: {why}")
