"""A settings file of another tool, read within bounds: nothing in it is run, whoever wrote it.

JSON, a notebook or a Python script (only assignments of literals are looked at), YAML, or a command line.
"""

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.composer import NotYamlError, compose
from pipeline.document import Problems, Value
from render.errors import InputError

MAX_BYTES = 16_000_000  # a rendered Parseq manifest of some ten minutes
MAX_SCRIPT = 1_000_000
_MAGIC = re.compile(r"^(\s*)[!%].*$", re.MULTILINE)
_TOO_DEEP = (RecursionError, MemoryError)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A settings file.

    Attributes:
        name: the file, for messages.
        text: all of it.
        settings: what it sets by name; empty where it is a command line or anything else.
    """

    name: str
    text: str
    settings: Mapping[str, Any]

    def error(self, message: str) -> InputError:
        return InputError(f"{self.name}: {message}")


def read_source(path: Path) -> Source:
    """Read a settings file.

    Raises:
        InputError: it cannot be read, is no text, or is larger or deeper than settings are.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise InputError(f"{path}: more than {MAX_BYTES:,} bytes; are these settings?")
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start})") from error
    try:
        return Source(name=str(path), text=text, settings=_settings(text))
    except _TOO_DEEP:
        raise InputError(f"{path}: nested too deeply") from None


def _settings(text: str) -> dict[str, Any]:
    """What the text sets by name, in the first of the notations that fits."""
    if text.lstrip().startswith("{"):
        return _from_json(text)
    if len(text) > MAX_SCRIPT:
        return {}
    return _assignments(text) or _from_yaml(text)


def _from_json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    if isinstance(found, dict) and isinstance(found.get("cells"), list):
        return _from_cells(found["cells"])
    return found if isinstance(found, dict) else {}


def _from_cells(cells: list[Any]) -> dict[str, Any]:
    """The assignments in a notebook's code cells."""
    found: dict[str, Any] = {}
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            lines = cell.get("source", "")
            code = "".join(map(str, lines)) if isinstance(lines, list) else str(lines)
            found = _assignments(code[:MAX_SCRIPT]) | found
    return found


def _assignments(code: str) -> dict[str, Any]:
    """Every `name = literal` of a script, also within functions and branches; nothing is run.

    The first one of a name counts, and the outermost: later ones are what the script does with it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(_MAGIC.sub(r"\1pass", code))
        except (SyntaxError, ValueError):
            return {}
        found: dict[str, Any] = {}
        for name, value in _literals(tree):
            found.setdefault(name, value)
        return found


def _literals(tree: ast.AST) -> Iterator[tuple[str, Any]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                yield node.targets[0].id, ast.literal_eval(node.value)
            except (ValueError, TypeError, SyntaxError):
                continue


def _from_yaml(text: str) -> dict[str, Any]:
    try:
        node = compose(text)
    except NotYamlError:
        return {}
    found = _plain(node) if isinstance(node, yaml.MappingNode) else {}
    return found if isinstance(found, dict) else {}


def _plain(node: yaml.Node) -> Any:
    """A node as Python's own types, scalars by the rules of YAML 1.2; `compose` has bounded its depth."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return Value(node, "", Problems("")).scalar("")
