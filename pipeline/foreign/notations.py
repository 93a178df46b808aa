"""The notations that settings are written in: JSON, a notebook, Python, YAML, a code block of a Markdown text."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from pipeline.composer import NotYamlError, compose
from pipeline.document import Problems, Value
from pipeline.foreign.literals import Assigned, assigned, literal

MAX_SCRIPT = 1_000_000
_FENCE = re.compile(r"^[ \t]{0,3}(```+|~~~+)[^\n`]*\n(.*?)^[ \t]{0,3}\1[ \t]*\r?$", re.MULTILINE | re.DOTALL)
_MAX_FENCES = 200
_SHELL_CELL = re.compile(r"\s*%%(?:bash|sh|shell|script)\b[^\n]*\n")
_RUN = re.compile(r"[ \t]*(?:!|%run\b|%sx\b|%system\b)[ \t]*(.*)")
_PROGRAM = "generate.py"


class NotationError(Exception):
    """A text that begins like JSON and does not go on like it."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a text says.

    Attributes:
        settings: by name.
        doubts: what is to be said of a name where a format asks for it.
        script: the part of it that could be shell commands.
        notebook: whether these come out of a notebook's cells.
        told: what was assumed.
        lacking: why a notation does not fit, for the one message where no format does.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    script: str = ""
    notebook: bool = False
    told: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


def read(text: str, suffix: str) -> Found:
    """What the text sets by name, in the first of the notations that fits.

    Args:
        suffix: of the file's name, such as `.py`.

    Raises:
        NotationError: it is broken JSON; the message says where.
    """
    begins = text.lstrip()[:1]
    if begins == "{":
        return _braces(text, suffix)
    if begins == "[" and (listed := _list(text)) is not None:
        return listed
    if len(text) > MAX_SCRIPT:
        return Found(lacking=(f"a script or YAML of more than {MAX_SCRIPT:,} characters is not read",))
    if blocks := _fences(text):
        return blocks
    code = assigned(text)
    if code and (code.settings or code.commands):
        return Found(settings=code.settings, doubts=code.doubts, script="\n".join(code.commands))
    settings, why = _yaml(text)
    python = "" if code else "not Python"
    doubts = code.doubts if code else {}
    return Found(settings=settings, doubts=doubts, script=text, lacking=tuple(filter(None, (python, why))))


def _braces(text: str, suffix: str) -> Found:
    try:
        return _object(json.loads(text))
    except json.JSONDecodeError as error:
        problem = _explained(text, error)
        comma = _ends_with_comma(text, error)
    except ValueError as error:  # a number of more digits than Python reads
        raise NotationError(f"JSON: {error}"[:200]) from None
    if len(text) > MAX_SCRIPT or (comma and suffix != ".py"):
        raise NotationError(problem)
    found = literal(text.strip())
    if isinstance(found, dict):
        return _object({str(name): value for name, value in found.items()})
    code = assigned(text)
    if code and code.settings:
        return Found(settings=code.settings, doubts=code.doubts, script="\n".join(code.commands))
    settings = {} if text.lstrip()[1:].lstrip()[:1] in ('"', "") else _yaml(text)[0]
    if not settings:
        raise NotationError(problem)
    return Found(settings=settings)


def _object(found: dict[str, Any]) -> Found:
    cells = found.get("cells")
    if not isinstance(cells, list):
        return Found(settings=found)
    return _notebook(cells)


def _explained(text: str, error: json.JSONDecodeError) -> str:
    """Where JSON breaks off, and what is wrong there."""
    what = error.msg[:1].lower() + error.msg[1:]
    if _ends_with_comma(text, error):
        what = "a comma before the closing bracket; leave it out"
    elif error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        what += "; the file may be cut off"
    return f"JSON: line {error.lineno}, column {error.colno}: {what}"


def _ends_with_comma(text: str, error: json.JSONDecodeError) -> bool:
    rest, before = text[error.pos : error.pos + 1], text[max(error.pos - 200, 0) : error.pos].rstrip()
    return rest in ("}", "]") and before.endswith(",")


def _list(text: str) -> Found | None:
    """A list of settings counts as its first; None where the text is no JSON and may be something else."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        found = literal(text.strip()) if len(text) <= MAX_SCRIPT and not _ends_with_comma(text, error) else None
        if not isinstance(found, list):
            if re.match(r"\s*\[\s*\{", text):
                raise NotationError(_explained(text, error)) from None
            return None
    maps = [entry for entry in found if isinstance(entry, dict)]
    if not maps or len(maps) < len(found):
        return Found(lacking=("a list; expected settings by name, or a list of them",))
    told = (f"the first of {len(maps)} settings in a list is imported",) if len(maps) > 1 else ()
    return Found(settings={str(name): value for name, value in maps[0].items()}, told=told)


def _notebook(cells: Sequence[Any]) -> Found:
    """The assignments in a notebook's code cells, and the shell commands they run."""
    whole = Assigned()
    script: list[str] = []
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        lines = cell.get("source", "")
        code = ("".join(map(str, lines)) if isinstance(lines, list) else str(lines))[:MAX_SCRIPT]
        if shell := _SHELL_CELL.match(code):
            script.append(code[shell.end() :])
            continue
        script += _runs(code)
        found = assigned(code, whole.settings) or Assigned()
        _merge(whole, found, number)
        script += found.commands
    return Found(settings=whole.settings, doubts=whole.doubts, script="\n".join(script)[:MAX_SCRIPT], notebook=True)


def _merge(whole: Assigned, cell: Assigned, number: int) -> None:
    """Put what a cell assigns behind what earlier ones did."""
    for name, text in cell.doubts.items():
        whole.doubts.setdefault(name, f"cell {number}, {text}")
    for name, value in cell.settings.items():
        if name in whole.settings and whole.settings[name] != value:
            whole.doubts[name] = f"cell {number}: {name} is assigned again; the first value is used"
        whole.settings.setdefault(name, value)


def _runs(code: str) -> list[str]:
    """The lines of a cell that IPython hands to the shell, with those they go on in."""
    found: list[str] = []
    goes_on = False
    for line in code.split("\n"):
        match = None if goes_on else _RUN.match(line)
        if match or goes_on:
            found.append(match[1] if match else line)
            goes_on = line.rstrip().endswith("\\")
    return found


def _fences(text: str) -> Found | None:
    """The first code block of a Markdown text that sets anything, or all those with commands; None without one."""
    if "```" not in text and "~~~" not in text or assigned(text) is not None:
        return None
    blocks = [(text.count("\n", 0, match.start(2)) + 1, match[2]) for match, _ in zip(_FENCE.finditer(text), range(_MAX_FENCES))]
    setting: list[tuple[int, Found]] = []
    commands: list[str] = []
    for line, block in blocks:
        if _PROGRAM in block and not block.lstrip().startswith(("{", "[")):
            commands.append(block)
        found = _block(line, block)
        if found.settings:
            setting.append((line, found))
    if commands:
        return Found(script="\n".join(commands), told=(f"{len(commands)} code block(s) of the text are read",))
    if not setting:
        return None
    line, first = setting[0]
    several = f", the first of {len(setting)}" if len(setting) > 1 else ""
    note = f"the code block at line {line} is read{several}; the text around it is not"
    return Found(settings=first.settings, doubts=first.doubts, told=(note, *first.told))


def _block(line: int, block: str) -> Found:
    try:
        return read(block, "")
    except NotationError as error:
        raise NotationError(f"code block at line {line}: {error}") from None


def _yaml(text: str) -> tuple[dict[str, Any], str]:
    """The map of a YAML text, or why it is none."""
    try:
        node = compose(text)
    except NotYamlError as error:
        return {}, f"YAML: line {error.line}, column {error.column}: {error.message}"[:200]
    if isinstance(node, yaml.MappingNode):
        found = _plain(node)
        return (found, "") if isinstance(found, dict) else ({}, "")
    return {}, "YAML without settings by name" if node is not None else "nothing in it"


def _plain(node: yaml.Node) -> Any:
    """A node as Python's own types, scalars by the rules of YAML 1.2; `compose` has bounded its depth."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return Value(node, "", Problems("")).scalar("")
