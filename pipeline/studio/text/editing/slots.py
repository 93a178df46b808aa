"""The entries of a map as ranges of the text: to put them in another order, take some out and put new ones in.

What is between entries stays where it is: commas, blank lines, and comments that are not directly above an entry. An
entry takes the comment at the end of its lines with it, and when it changes its place the comments directly above it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import yaml

from pipeline.studio.text.editing.changes import Change
from pipeline.studio.text.source import Source
from render.errors import InputError

Slot = tuple[int, int]
_COMMENT = re.compile(r"#[^\r\n]*")


@dataclass(frozen=True)
class Slots:
    """The entries of a map that is written in the text.

    Attributes:
        flow: whether it is written in braces.
        column: how far its keys are indented.
        slots: the range of every entry, in order.
    """

    source: Source
    flow: bool
    column: int
    slots: tuple[Slot, ...]
    keys: tuple[int, ...]

    @staticmethod
    def of(source: Source, node: yaml.MappingNode, wanted: Sequence[yaml.Node]) -> "Slots":
        """The entries with these keys of a map. Raises `InputError` if they are written in an unusual form."""
        known = {id(key) for key in wanted}
        pairs = [pair for pair in node.value if id(pair[0]) in known]
        start, _ = source.extent(node)
        flow = source.body[start : start + 1] == "{"
        keys = tuple(key.start_mark.index for key, _ in pairs)
        found: list[Slot] = []
        for (_, value), key in zip(pairs, keys, strict=True):
            end = max(key, source.extent(value)[1])
            found.append((key, end) if flow else _whole_lines(source, key, end, found[-1][1] if found else None))
        return Slots(source, flow, node.value[0][0].start_mark.column, tuple(found), keys)

    def text(self, number: int, changes: Sequence[Change]) -> str:
        """The text of an entry with changes in it."""
        start, end = self.slots[number]
        parts, last = [], start
        for change in sorted(changes):
            parts += [self.source.body[last : change.start], change.insert]
            last = change.end
        return "".join([*parts, self.source.body[last:end]])

    def placed(self, number: int, text: str) -> Change:
        """The change that puts a text in the place of an entry."""
        start, end = self.slots[number]
        return Change(start=start, end=end, insert=text)

    def without(self, numbers: Sequence[int]) -> list[Change]:
        """The changes that take entries out; at least one must stay."""
        gone = set(numbers)
        if len(gone) >= len(self.slots):
            raise InputError("the last key cannot be removed; remove the whole setting in the text")
        if not self.flow:
            return [self._line_out(number) for number in sorted(gone)]
        self._require_plain_gaps()
        leading = next(number for number in range(len(self.slots)) if number not in gone)
        found = [Change(start=self.slots[0][0], end=self.slots[leading][0], insert="")] if leading else []
        return found + [
            Change(start=self.slots[number - 1][1], end=self.slots[number][1], insert="")
            for number in sorted(gone)
            if number > leading
        ]

    def _require_plain_gaps(self) -> None:
        """Raise `InputError` if there is anything but commas and comments between the entries."""
        for (_, end), (start, _) in pairwise(self.slots):
            if _COMMENT.sub("", self.source.body[end:start]).strip(" ,\r\n"):
                raise InputError("there is something else between these entries; remove this one in the text")

    def _line_out(self, number: int) -> Change:
        key, end = self.keys[number], self.slots[number][1]
        start = self.source.line_start(key)
        if self.source.body[start:key].strip():  # - 0s: 1, where the rest of the line must stay
            if number + 1 == len(self.slots):
                raise InputError("this key cannot be removed here; remove it in the text")
            return Change(start=key, end=self.keys[number + 1], insert="")
        following = self.source.next_line(end)
        if following == end:  # the last line of a text without a line break at its end
            before = self.source.body[:start].removesuffix("\n").removesuffix("\r")
            return Change(start=len(before), end=end, insert="")
        return Change(start=start, end=following, insert="")

    def added(self, before: int, texts: Sequence[str]) -> Change:
        """The change that puts new entries before the entry `before`, or after the last one."""
        line = self.source.newline + " " * self.column
        if not self.flow:
            if before == 0:
                place = self.slots[0][0]
                return Change(start=place, end=place, insert="".join(text + line for text in texts))
            place = self.slots[before - 1][1]
            return Change(start=place, end=place, insert="".join(line + text for text in texts))
        joint = f",{line}" if self._on_lines else ", "
        if before < len(self.slots):
            place = self.slots[before][0]
            return Change(start=place, end=place, insert="".join(text + joint for text in texts))
        place = self.slots[-1][1]
        return Change(start=place, end=place, insert="".join(joint + text for text in texts))

    @property
    def _on_lines(self) -> bool:
        """Whether a map in braces has one entry per line."""
        if len(self.slots) < 2:
            return False
        lines = {self.source.line_start(key) for key in self.keys}
        return len(lines) == len(self.keys)


def _whole_lines(source: Source, key: int, end: int, before: int | None) -> Slot:
    """The range of an entry of a block: to the end of its last line, with the comments directly above it.

    Args:
        before: the end of the entry before it; the first one has no comments of its own.
    """
    start = source.line_start(key)
    if source.body[start:key].strip() not in ("", "-"):
        raise InputError("these keys are written in an unusual form; change them in the text")
    first = key
    while before is not None and start > before:
        above = source.line_start(start - 1)
        line = source.body[above : source.line_end(above)]
        if above <= before or not line.lstrip().startswith("#"):
            break
        first, start = above + len(line) - len(line.lstrip()), above
    return first, source.line_end(end)
