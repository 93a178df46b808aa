"""A YAML file as nodes with their positions, with the scalar types of YAML 1.2.

`pipeline.schedule.document.composer` builds the tree from the parser's events. PyYAML's own constructors would read
`1e-3` as a string, `on` as True and `1:30` as 90, and silently keep the second of two equal keys.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from pipeline.schedule.document import composer
from pipeline.schedule.document.composer import NotYamlError
from pipeline.schedule.document.problems import InvalidError, Problems
from render.errors import Problem, ScheduleError

Scalar = None | bool | int | float | str

_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Value:
    """A node of the document, its path such as `motion.zoom.5s`, and where its problems are collected."""

    node: yaml.Node
    path: str
    problems: Problems

    @property
    def is_map(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    def pairs(self, expected: str) -> Iterator[tuple[str, "Value", "Value"]]:
        """Yield key as text, key and value of every entry of a map; invalid keys are collected as problems.

        Raises:
            InvalidError: this is not a map.
        """
        if not isinstance(self.node, yaml.MappingNode):
            raise self.invalid(expected)
        seen: set[str] = set()
        for key_node, value_node in self.node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.add(self._below(key_node, self.path).invalid("a plain key"))
                continue
            name = key_node.value
            path = f"{self.path}.{name}" if self.path else name
            key = self._below(key_node, path)
            if name in seen:
                self.problems.add(InvalidError(key, "this key appears twice; remove one of them"))
                continue
            seen.add(name)
            yield name, key, self._below(value_node, path)

    def entries(self) -> dict[str, "Value"]:
        """The values of a map by key, without invalid ones and without reporting them: a look ahead before reading."""
        quiet = Value(self.node, self.path, Problems(self.problems.file))
        return {name: value for name, _, value in quiet.pairs("a map")} if self.is_map else {}

    def items(self, expected: str) -> list["Value"]:
        """The values of a list. Raises `InvalidError` if this is not a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.invalid(expected)
        return [self._below(node, f"{self.path}[{number}]") for number, node in enumerate(self.node.value)]

    def scalar(self, expected: str) -> Scalar:
        """The scalar by the rules of YAML 1.2's core schema. Raises `InvalidError` if this is not a scalar."""
        if not isinstance(self.node, yaml.ScalarNode):
            raise self.invalid(expected)
        text: str = self.node.value
        if self.node.style is not None:  # quoted or block
            return text
        if text in _NULL:
            return None
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        if _INT.fullmatch(text):
            return int(text) if len(text.lstrip("+-")) < 20 else float(text)
        return float(text) if _FLOAT.fullmatch(text) else text

    def invalid(self, expected: str) -> InvalidError:
        """The error "expected ..., got ..." for this value."""
        return InvalidError(self, f"expected {expected}, got {self._shown()}")

    def _below(self, node: yaml.Node, path: str) -> "Value":
        return Value(node, path, self.problems)

    def _shown(self) -> str:
        if self.is_map or self.is_list:
            return f"{'a' if self.node.value else 'an empty'} {'map' if self.is_map else 'list'}"
        text = str(self.node.value)
        if self.scalar("anything") is None:
            return "nothing"
        shown = text if len(text) <= 40 else text[:37] + "..."
        return f"'{shown}'"


def compose(text: str, file: str, quickly: bool = False) -> Value:
    """Parse one YAML document; see `composer.compose` for `quickly`.

    Raises:
        ScheduleError: the text is not YAML, is empty, has more than one document, or is far larger than a schedule.
    """
    try:
        node = composer.compose(text, quickly)
    except NotYamlError as error:
        raise _syntax(file, error.line, error.column, error.message) from error
    if node is None:
        raise _syntax(file, 1, 1, "the schedule is empty; `render new NAME` creates one to start from")
    return Value(node, "", Problems(file))


def _syntax(file: str, line: int, column: int, message: str) -> ScheduleError:
    return ScheduleError([Problem(file=file, line=line, column=column, path="", message=message)])
