"""A schedule read from its text, together with what was read where."""

import functools
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from pipeline.schedule.document.document import Value, compose
from pipeline.schedule.document.problems import Place
from pipeline.schedule.fields.clock import Clock, Noted
from pipeline.schedule.loader import read_document
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.sections import Reading
from pipeline.studio.text.source import Source, Span

KEPT, FRESH = 4, 2.0  # schedules that are kept, and for how many seconds: files that they name may change
_SHOT = re.compile(r"shots\[([0-9]+)\]\.?")


@dataclass(frozen=True, eq=False)
class Opened:
    """A valid schedule and its text.

    Attributes:
        root: the text as nodes, before anything was included or varied.
        noted: what was read where; the last one is the whole document.
    """

    source: Source
    root: yaml.Node
    schedule: Schedule
    noted: tuple[Noted, ...]

    @property
    def clock(self) -> Clock:
        return self.noted[-1].clock

    @property
    def reading(self) -> Reading:
        reading: Reading = self.noted[-1].result
        return reading

    @cached_property
    def shots(self) -> list[Value]:
        """The nodes of the listed shots."""
        shots = self.reading.entries.get("shots")
        return shots.items("shots") if shots else []

    def shot_of(self, value: Value) -> int | None:
        """The number of the shot that a value was read for; None if the schedule lists none."""
        found = _SHOT.match(value.path)
        return int(found[1]) if found else None

    def why_fixed(self, node: yaml.Node, shot: int | None = None) -> str:
        """Why a node that was read for a shot cannot be edited in place; "" if it can."""
        if why := self.why_elsewhere(node):
            return why
        if shot is not None and not self._is_inside(node, self.shots[shot].node):
            return "it is set at the top, for every shot that does not set it"
        if isinstance(node, yaml.ScalarNode) and not self.source.is_literal(node):
            return "it is written with escapes, or on several lines"
        return ""

    def why_elsewhere(self, node: yaml.Node) -> str:
        """Why a node is not written in the one place where it is used; "" if it is."""
        if isinstance(node.start_mark, Place):
            return f"it is set in {Path(node.start_mark.name).name}, which is included"
        if id(node) in self._repeated:
            return "it is used in several places, by an alias"
        return "it is one of the values in variants:" if id(node) in self._varying else ""

    def span(self, node: yaml.Node) -> Span | None:
        """Where a node is written, a scalar without its quotes; None if that is in an included file."""
        if isinstance(node.start_mark, Place):
            return None
        place = self.source.inner(node) if isinstance(node, yaml.ScalarNode) else self.source.extent(node)
        return self.source.span(*place)

    def _is_inside(self, node: yaml.Node, around: yaml.Node) -> bool:
        start, end = around.start_mark.index, around.end_mark.index
        return not isinstance(around.start_mark, Place) and start <= node.start_mark.index <= end

    @cached_property
    def _repeated(self) -> frozenset[int]:
        """The nodes that appear more than once, and those below them."""
        seen: set[int] = set()
        repeated: set[int] = set()
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                repeated.update(id(each) for each in below(node))
                continue
            seen.add(id(node))
            waiting += _parts(node)
        return frozenset(repeated)

    @cached_property
    def _varying(self) -> frozenset[int]:
        if not isinstance(self.root, yaml.MappingNode):
            return frozenset()
        values = [value for key, value in self.root.value if key.value == "variants"]
        return frozenset(id(each) for value in values for each in below(value))


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def below(node: yaml.Node) -> Iterator[yaml.Node]:
    """The node and all below it, each once."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += _parts(each)


def opened(text: str, file: Path) -> Opened:
    """Read a schedule from its text; `file` is where it lies or will lie.

    One that was read a moment ago from the same text is not read again.

    Raises:
        InputError: it is not valid; a `ScheduleError` has every problem with its place.
    """
    return _opened(text, file, int(time.monotonic() / FRESH))


@functools.lru_cache(maxsize=KEPT)
def _opened(text: str, file: Path, moment: int) -> Opened:
    source = Source(text)
    plain = compose(source.body, str(file), quickly=True)
    noted: list[Noted] = []
    schedule = read_document(plain, source.body, file.stem, noted=noted)
    return Opened(source, plain.node, schedule, tuple(noted))
