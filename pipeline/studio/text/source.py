"""The text of a schedule and its places: offsets as editors count them, and where each node is written.

YAML's positions count code points. A page counts UTF-16 code units, of which a character such as an emoji has two.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cached_property

import yaml

from pipeline.schedule.document.problems import Place

BOM = "\ufeff"
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)+")  # anchors and tags


@dataclass(frozen=True, kw_only=True)
class Span:
    """A half-open range of the text, in UTF-16 code units."""

    start: int = field(metadata={"json": "from"})
    end: int = field(metadata={"json": "to"})


@dataclass(frozen=True)
class Source:
    """The text of a schedule. Its positions count code points of `body`, the text without a byte order mark."""

    text: str

    @cached_property
    def body(self) -> str:
        return self.text.removeprefix(BOM)

    @cached_property
    def newline(self) -> str:
        """The line break that the text uses."""
        found = _BREAK.search(self.body)
        return found[0] if found else "\n"

    def span(self, start: int, end: int) -> Span:
        return Span(start=self.offset(start), end=self.offset(end))

    def offset(self, position: int) -> int:
        """The offset in UTF-16 code units of a position."""
        return position + bisect_left(self._wide, position) + self._lead

    def position(self, offset: int) -> int:
        """The position at an offset in UTF-16 code units; one inside a character is taken as before it."""
        wanted = max(0, offset - self._lead)
        return min(wanted - bisect_left(self._wide_offsets, wanted), len(self.body))

    def at(self, line: int, column: int) -> int:
        """The position of a line and a column in code points, both from 1; at most that of the end of the line."""
        start = self._lines[min(line, len(self._lines)) - 1]
        return min(start + column - 1, self.line_end(start))

    def line_column(self, position: int) -> tuple[int, int]:
        """The line and column of a position, both from 1, the column in UTF-16 code units."""
        line = bisect_left(self._lines, position + 1)
        return line, self.offset(position) - self.offset(self._lines[line - 1]) + 1

    def line_start(self, position: int) -> int:
        return self._lines[bisect_left(self._lines, position + 1) - 1]

    def line_end(self, position: int) -> int:
        """The end of a position's line, without its line break."""
        found = _BREAK.search(self.body, position)
        return found.start() if found else len(self.body)

    def next_line(self, position: int) -> int:
        """The start of the line after a position's."""
        found = _BREAK.search(self.body, position)
        return found.end() if found else len(self.body)

    @property
    def _lead(self) -> int:
        return len(self.text) - len(self.body)

    @cached_property
    def _wide(self) -> list[int]:
        """The positions of all characters with two code units."""
        if self.body.isascii():
            return []
        return [position for position, character in enumerate(self.body) if character > "\uffff"]

    @cached_property
    def _wide_offsets(self) -> list[int]:
        return [position + number + 1 for number, position in enumerate(self._wide)]

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(found.end() for found in _BREAK.finditer(self.body))]

    def extent(self, node: yaml.Node) -> tuple[int, int]:
        """Where a node of the text is written, without its anchor, and without comments and blank lines after it."""
        start, end = node.start_mark.index, node.end_mark.index
        if found := _PROPERTIES.match(self.body, start, end):
            start = found.end()
        if isinstance(node, yaml.CollectionNode) and self.body[start : start + 1] not in ("{", "["):
            return start, self._block_end(node, start, end)
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            return start, start + len(self.body[start:end].rstrip())
        return start, max(start, end)

    def _block_end(self, node: yaml.CollectionNode, start: int, end: int) -> int:
        """The end of a block's last entry that is written in it; aliases have their place elsewhere."""
        last = start
        for part in node.value[-1:]:
            for inner in part if isinstance(part, tuple) else (part,):
                if start <= inner.start_mark.index <= end and not isinstance(inner.start_mark, Place):
                    last = max(last, self.extent(inner)[1])
                else:
                    last = max(last, self._alias_end(last, end))
        return last

    def _alias_end(self, start: int, end: int) -> int:
        found = re.compile(r"\*[^\s,\]}]+").search(self.body, start, end)
        return found.end() if found else start

    def inner(self, node: yaml.Node) -> tuple[int, int]:
        """Where a scalar's text is written, without its quotes."""
        start, end = self.extent(node)
        return (start + 1, end - 1) if quote_of(node) else (start, end)

    def is_literal(self, node: yaml.ScalarNode) -> bool:
        """Whether a scalar is written as it is read: on one line, without escapes."""
        start, end = self.inner(node)
        return node.style in (None, "'", '"') and self.body[start:end] == node.value


def quote_of(node: yaml.Node) -> str:
    """The quote that a scalar is written in; "" for a plain one."""
    return str(node.style) if isinstance(node, yaml.ScalarNode) and node.style in ("'", '"') else ""
