"""A constant in the text becomes a curve, in the style of the schedule's other curves."""

import yaml

from pipeline.schedule.document.document import Value
from pipeline.schedule.fields.clock import Noted
from pipeline.schedule.fields.times import time
from pipeline.studio.text.editing.changes import Change
from pipeline.studio.text.editing.easing import LINEAR, easing_text
from pipeline.studio.text.entries import entries, with_text
from pipeline.studio.text.numbers import number_text
from pipeline.studio.text.opened import Opened
from pipeline.studio.text.times import is_anchored, time_text

STEP = 2  # columns by which a block is indented
_SAME = 1e-9


def constant_changes(opened: Opened, noted: Noted, new: list[tuple[float, float, str | None]]) -> list[Change]:
    """The changes that give a constant keys: its own value at the start, and new ones, each (time, value, easing)."""
    source, clock = opened.source, noted.clock
    like = _like(opened, noted.value)
    begin = time_text(like, 0.0, clock)
    texts: dict[float, str] = {}
    for at, value, ease in new:
        key = time_text(like, min(max(at, 0.0), clock.length), clock)
        found = time(with_text(like, key), clock)
        number = number_text(noted.value, value, noted.quantity, clock)
        if found <= _SAME:
            start, end = source.inner(noted.value.node)
            return [Change(start=start, end=end, insert=number)]
        tail = number if ease in (None, LINEAR) else f"{{to: {number}, ease: {easing_text(str(ease))}}}"
        texts[found] = f"{key}: {tail}"
    start, end = source.extent(noted.value.node)
    ordered = [text for _, text in sorted(texts.items())]
    column = _block_column(opened, noted.value)
    if column is None:
        return [
            Change(start=start, end=start, insert=f"{{{begin}: "),
            Change(start=end, end=end, insert="".join(f", {text}" for text in ordered) + "}"),
        ]
    line = source.newline + " " * (column + STEP)
    blank = len(source.body[:start].rstrip(" "))
    last = source.line_end(end)
    return [
        Change(start=blank, end=start, insert=f"{line}{begin}: "),
        Change(start=last, end=last, insert="".join(line + text for text in ordered)),
    ]


def _like(opened: Opened, value: Value) -> Value:
    """A time of the schedule to write others like: the first that is neither a share nor hangs on something else."""
    for noted in opened.noted[:-1]:
        if noted.value.is_map and noted.clock.known:
            for entry in entries(noted.value, noted.clock):
                if not is_anchored(entry.key):
                    return entry.key
    return with_text(value, "0s")


def _block_column(opened: Opened, value: Value) -> int | None:
    """The column of the setting's key if its keys are to be written below it, None if in braces beside it.

    Below it, if most curves of the schedule are written so, and this setting stands on a line of its own.
    """
    source = opened.source
    key = _key_of(opened.root, value.node)
    if key is None:
        return None
    start, _ = source.extent(value.node)
    if source.body[source.line_start(key.start_mark.index) : key.start_mark.index].strip(" -"):
        return None
    if "{" in source.body[key.start_mark.index : start] or source.line_start(start) != source.line_start(
        key.start_mark.index
    ):
        return None
    maps = [
        noted.value.node
        for noted in opened.noted[:-1]
        if noted.value.is_map and noted.quantity is not None and opened.span(noted.value.node) is not None
    ]
    flow = sum(source.body[source.extent(node)[0]] == "{" for node in maps)
    return key.start_mark.column if len(maps) - flow > flow else None


def _key_of(root: yaml.Node, wanted: yaml.Node) -> yaml.Node | None:
    """The key of a value."""
    waiting: list[yaml.Node] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if value is wanted:
                    found: yaml.Node = key
                    return found
                waiting.append(value)
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
    return None
