"""Builds nodes from YAML text, within limits: whoever wrote the file, reading it takes bounded time and memory.

Nodes are built from the parser's events with an explicit stack, so nothing recurses. An entry counts as often as its
aliases repeat it, before anything is built from it.
"""

import contextlib
import re
from dataclasses import dataclass
from typing import Any

import yaml

MAX_ENTRIES = 50_000
MAX_DEPTH = 32
MAX_KEY = 200
MAX_TEXT = 10_000
MAX_TAG_DIRECTIVES = 100  # the parsers compare each new one with all others
SLOW_IS_FINE = 20_000  # characters up to which PyYAML's slow parser is used

_TEXT_PER_ENTRY = 64  # every 64 characters of a text count as one more entry
_FAST: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TOO_DEEP = f"nested too deeply: more than {MAX_DEPTH} levels of maps and lists"
_NO_TAG = ""  # the type of a scalar is determined from its text alone
_CUT = re.compile(r" (# ?[0-9]{1,9}|#[^\s#,\]}]{1,40})(?=[\s,\]}]|$)")  # after a text: #1, # 1 or #blue, not # remark
_CURVE = re.compile(r":\s*\([^()]*\)")  # what follows the frame number in 0: (1.02)
CURVE_HINT = "write a curve as a map of times such as {0: 1.02, 60: 1.05}; `render import FILE` converts Deforum's"
_LENIENT = re.compile(r"[\t?]|(?m:^)%|[\s\[{,:]!|[|>][-+0-9]*#")  # where libyaml accepts more than PyYAML
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class NotYamlError(Exception):
    """The text is not YAML, or larger than a schedule may be; line and column count from 1."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.line, self.column, self.message = line, column, message


def compose(text: str, quickly: bool = False) -> yaml.Node | None:
    """The root node of one YAML document, None if it is empty; scalars are texts, tags are ignored.

    Args:
        quickly: use libyaml for a short text, too, as long as nothing is wrong with it.

    Raises:
        NotYamlError: the text is not YAML, has more than one document, or exceeds a limit.
    """
    if found := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        raise NotYamlError(line, column, "a character that YAML does not allow")
    if text.count("%TAG") > MAX_TAG_DIRECTIVES:
        raise NotYamlError(1, 1, f"more than {MAX_TAG_DIRECTIVES} %TAG directives; a schedule needs none")
    # PyYAML's own parser has better error messages and positions; libyaml is about twelve times as fast.
    loader = yaml.SafeLoader if len(text) <= SLOW_IS_FINE else _FAST
    try:
        if quickly and not _LENIENT.search(text):
            with contextlib.suppress(yaml.MarkedYAMLError, NotYamlError):
                return _build(text, _FAST)
        return _build(text, loader)
    except yaml.MarkedYAMLError as error:
        raise _explained(error, text) from error


def _build(text: str, loader: type) -> yaml.Node | None:
    tree = _Tree(text)
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.DocumentStartEvent) and tree.root is not None:
            raise _at(event, "expected one document, found a second one here")
        if isinstance(event, yaml.NodeEvent):
            tree.add(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            tree.close(event)
    return tree.root


@dataclass
class _Open:
    """A map or list that is being built; `entries` counts it and everything below it, with aliases expanded."""

    node: yaml.CollectionNode
    anchor: str | None
    key: yaml.Node | None = None
    entries: int = 1


class TextNode(yaml.ScalarNode):
    """A scalar and the comment that YAML saw after it, which may have been meant as part of the text: "#1"; or ""."""

    cut = ""


class _Tree:
    """The nodes built so far from `text`, and their number."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.root: yaml.Node | None = None
        self._open: list[_Open] = []
        self._anchored: dict[str, tuple[yaml.Node, int] | None] = {}  # None until its node is complete
        self._entries = 0

    def add(self, event: yaml.NodeEvent) -> None:
        """Add a scalar, an alias, or the start of a map or list."""
        self._entries += 1
        if isinstance(event, yaml.AliasEvent):
            self._attach(*self._alias(event), event)
            return
        if event.anchor in self._anchored:
            raise _at(event, f"the anchor '{event.anchor[:MAX_KEY]}' is defined twice; rename one of them")
        if isinstance(event, yaml.ScalarEvent):
            if len(event.value) > MAX_TEXT:
                raise _at(event, f"a text of more than {MAX_TEXT:,} characters")
            # The style of a plain scalar is '' in libyaml and None in PyYAML.
            start, end = _marks(event)
            node = TextNode(_NO_TAG, event.value, start, end, style=event.style or None)
            if not event.style and (cut := _CUT.match(self._text, end.index)):
                node.cut = cut[1]
            self._finish(node, event.anchor, 1 + len(event.value) // _TEXT_PER_ENTRY, event)
            return
        if len(self._open) == MAX_DEPTH:
            raise _at(event, _TOO_DEEP)
        if event.anchor:
            self._anchored[event.anchor] = None
        self._open.append(_Open(_collection(event), event.anchor))

    def close(self, event: yaml.CollectionEndEvent) -> None:
        """Close the innermost map or list."""
        done = self._open.pop()
        done.node.end_mark = _marks(event)[1]  # until now that of its beginning
        self._finish(done.node, done.anchor, done.entries, event)

    def _alias(self, event: yaml.AliasEvent) -> tuple[yaml.Node, int]:
        name = str(event.anchor)
        known = self._anchored.get(name)
        if known is None:
            what = "an alias inside the value that it refers to," if name in self._anchored else "found undefined alias"
            raise _at(event, f"not YAML: {what} '{name[:MAX_KEY]}'")
        return known

    def _finish(self, node: yaml.Node, anchor: str | None, entries: int, event: yaml.Event) -> None:
        if anchor:
            self._anchored[anchor] = node, entries
        self._attach(node, entries, event)

    def _attach(self, node: yaml.Node, entries: int, event: yaml.Event) -> None:
        """Add a finished node, which counts as `entries` entries, to the innermost open map or list."""
        if not self._open:
            self.root = node
            return
        above = self._open[-1]
        above.entries += entries
        if max(above.entries, self._entries) > MAX_ENTRIES:
            raise _at(event, f"more than {MAX_ENTRIES:,} entries, counting repetitions by aliases")
        if isinstance(above.node, yaml.SequenceNode):
            above.node.value.append(node)
        elif above.key is not None:
            above.node.value.append((above.key, node))
            above.key = None
        elif isinstance(node, yaml.ScalarNode) and len(node.value) > MAX_KEY:
            raise _at(event, f"a key of more than {MAX_KEY} characters")
        else:
            above.key = node


def _collection(event: yaml.Event) -> yaml.CollectionNode:
    kind = yaml.MappingNode if isinstance(event, yaml.MappingStartEvent) else yaml.SequenceNode
    return kind(_NO_TAG, [], *_marks(event))


def _explained(error: yaml.MarkedYAMLError, text: str) -> NotYamlError:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return NotYamlError(1, 1, f"not YAML: {error.problem or error.context}")
    if "nesting depth" in (error.problem or ""):  # newer libyaml checks the depth before we see the events
        return NotYamlError(mark.line + 1, mark.column + 1, _TOO_DEEP)
    problem = error.problem or error.context or ""
    reserved = "cannot start any token" in problem and text[mark.index : mark.index + 1] in ("@", "`")
    hint = "; put quotes around the text that starts with it" if reserved else ""
    if "alphabetic or numeric character" in problem and "*" in text[max(0, mark.index - 1) : mark.index + 1]:
        hint = "; put quotes around a text that starts with *"
    if ("mapping values are not allowed" in problem or "got ':'" in problem) and _within_plain(text, mark.index):
        hint = "; put quotes around a text that contains ': '"
        if _CURVE.match(text, mark.index) and text[mark.index - 1].isdigit():
            hint = f"; {CURVE_HINT}"
    return NotYamlError(mark.line + 1, mark.column + 1, f"not YAML: {problem}{hint}")


def _within_plain(text: str, index: int) -> bool:
    """Whether an unquoted value begins before `index`, in the same line."""
    line = text[max(0, index - MAX_KEY) : index].rpartition("\n")[2]
    _, colon, value = line.rpartition(": ")
    return bool(colon) and value.strip()[:1] not in ("", '"', "'", "[", "{")


def _at(event: yaml.Event, message: str) -> NotYamlError:
    mark, _ = _marks(event)
    return NotYamlError(mark.line + 1, mark.column + 1, message)


def _marks(event: yaml.Event) -> tuple[Any, Any]:
    """The start and end of an event; libyaml's marks have another class with the same attributes."""
    return event.start_mark, event.end_mark
