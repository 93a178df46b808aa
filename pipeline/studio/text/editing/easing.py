"""The easing of a key in the text: changed where it is written, or added to the value."""

import json
import re
from typing import Any

import yaml

from pipeline.curves.easings import EASINGS, easing
from pipeline.studio.text.editing.changes import Change
from pipeline.studio.text.entries import Entry
from pipeline.studio.text.source import Source, quote_of
from render.errors import InputError, suggestion

LINEAR = "linear"
_NOT_IN_FLOW = re.compile(r"[,\[\]{}]|:$|\?")  # what a text without quotes cannot contain within braces


def require_easing(name: Any) -> None:
    """Raise `InputError` unless `name` is that of an easing."""
    try:
        easing(name)
    except (KeyError, TypeError):
        raise InputError(f"unknown easing '{name}'; {suggestion(str(name), EASINGS)}") from None


def easing_text(name: str) -> str:
    """An easing as it is written in braces."""
    return f'"{name}"' if "," in name else name


def easing_changes(source: Source, entry: Entry, name: str) -> list[Change]:
    """The changes that give a key another easing."""
    if entry.ease is not None:
        quoted = bool(quote_of(entry.ease.node))
        start, end = source.inner(entry.ease.node)
        return [Change(start=start, end=end, insert=name if quoted else easing_text(name))]
    if name == LINEAR:
        return []
    node = entry.entry.node
    if isinstance(node, yaml.ScalarNode):
        return _wrapped(source, node, "text" if _is_text(entry) else "to", name)
    assert isinstance(node, yaml.MappingNode)
    return [_inserted(source, node, name)]


def _is_text(entry: Entry) -> bool:
    return entry.entry.path.partition(".")[0].endswith("prompts") or ".prompts." in entry.entry.path


def _wrapped(source: Source, node: yaml.ScalarNode, key: str, name: str) -> list[Change]:
    """A plain value becomes a map in braces with the easing beside it."""
    start, end = source.extent(node)
    written = source.body[start:end]
    tail = f", ease: {easing_text(name)}}}"
    if node.style in ("|", ">") or (node.style is None and ("\n" in written or _NOT_IN_FLOW.search(written))):
        text = json.dumps(node.value, ensure_ascii=False)
        return [Change(start=start, end=end, insert=f"{{{key}: {text}{tail}")]
    return [
        Change(start=start, end=start, insert=f"{{{key}: "),
        Change(start=end, end=end, insert=tail),
    ]


def _inserted(source: Source, node: yaml.MappingNode, name: str) -> Change:
    """The easing as a new entry after the first one of a map."""
    key, value = node.value[0]
    start, _ = source.extent(node)
    end = source.extent(value)[1]
    if source.body[start : start + 1] == "{":
        return Change(start=end, end=end, insert=f", ease: {easing_text(name)}")
    end = source.line_end(end)
    line = source.newline + " " * key.start_mark.column
    return Change(start=end, end=end, insert=f"{line}ease: {easing_text(name)}")
