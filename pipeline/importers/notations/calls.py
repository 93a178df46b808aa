"""Find what Python code, a script or a notebook's cells, passes to functions and sets on objects. Nothing is run."""

import ast
import json
import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.importers.notations.literals import evaluated

_MAGIC = re.compile(r"^(\s*)[!%].*$", re.MULTILINE)
_MOST_CELLS = 10_000
_LONGEST = 1_000_000  # characters of a script or a cell


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of a function by name, with what is known of its arguments.

    Attributes:
        arguments: the values by keyword; None for one that is computed.
        positional: the values of the others.
    """

    name: str
    line: int
    arguments: Mapping[str, Any]
    positional: tuple[Any, ...]


@dataclass
class Called:
    """The calls in the order of their lines, and the first literal set on an attribute of each name."""

    calls: list[Call] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)


def called(text: str, names: Collection[str], known: Mapping[str, Any]) -> Called:
    """Find the calls of functions with these names, whatever they are members of.

    Args:
        known: what names of the code are known to hold.
    """
    found = Called()
    for code in _codes(text):
        if len(code) > _LONGEST:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                tree = ast.parse(_MAGIC.sub(r"\1pass", code))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
        nodes = list(ast.walk(tree))
        calls = [node for node in nodes if isinstance(node, ast.Call) and _name(node.func) in names]
        found.calls += [_call(node, known) for node in sorted(calls, key=lambda node: node.lineno)]
        for node in nodes:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
                found.attributes.setdefault(node.targets[0].attr, evaluated(node.value, known))
    return found


def _codes(text: str) -> Iterator[str]:
    """The code: the text itself, or the cells of a notebook."""
    if not text.lstrip().startswith("{"):
        yield text
        return
    try:
        cells = json.loads(text).get("cells")
    except (ValueError, RecursionError, MemoryError):
        return
    for cell in cells[:_MOST_CELLS] if isinstance(cells, list) else ():
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            lines = cell.get("source", "")
            yield "".join(map(str, lines)) if isinstance(lines, list) else str(lines)


def _call(node: ast.Call, known: Mapping[str, Any]) -> Call:
    return Call(
        name=_name(node.func),
        line=node.lineno,
        arguments={keyword.arg: evaluated(keyword.value, known) for keyword in node.keywords if keyword.arg},
        positional=tuple(evaluated(argument, known) for argument in node.args),
    )


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
