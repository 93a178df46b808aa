"""Read settings in any notation: JSON, a notebook, Python, YAML, or a code block in Markdown."""

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from pipeline.importers.notations.literals import assigned, literal
from pipeline.importers.notations.notebook import read_cells
from pipeline.schedule.document.composer import NotYamlError, compose
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import Problems

MAX_SCRIPT = 1_000_000
_FENCE = re.compile(r"[ \t]{0,3}(```+|~~~+)([^`]*)$")
_MAX_FENCES = 200
_PROGRAM = "generate.py"


class NotationError(Exception):
    """Raised for a text that begins like JSON but is not valid JSON."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found in a text.

    Attributes:
        settings: the values by name.
        caveats: notes by name of the setting, reported only if a format asks for it.
        script: the part of the text that could be shell commands.
        notebook: whether the settings come from a notebook's cells.
        notes: what was assumed.
        lacking: why the text could not be read in some notations, for the message that no format matches.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    caveats: dict[str, str] = field(default_factory=dict)
    script: str = ""
    notebook: bool = False
    notes: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


def read(text: str, suffix: str, fenced: bool = False) -> Found:
    """Read the settings in a text, using the first notation that matches.

    Args:
        suffix: the suffix of the file's name, such as `.py`.
        fenced: whether the text is a code block, which is not searched for further code blocks.

    Raises:
        NotationError: the text is broken JSON; the message says where.
    """
    begins = text.lstrip()[:1]
    if begins == "{":
        return _braces(text, suffix)
    if begins == "[" and (listed := _list(text)) is not None:
        return listed
    if len(text) > MAX_SCRIPT:
        return Found(lacking=(f"a script or YAML of more than {MAX_SCRIPT:,} characters is not read",))
    if not fenced and (blocks := _fences(text)):
        return blocks
    code = assigned(text)
    if code and (code.settings or code.commands):
        return Found(settings=code.settings, caveats=code.caveats, script="\n".join(code.commands))
    settings, why = _yaml(text)
    python = "" if code else "not Python"
    caveats = code.caveats if code else {}
    return Found(settings=settings, caveats=caveats, script=text, lacking=tuple(filter(None, (python, why))))


def _braces(text: str, suffix: str) -> Found:
    try:
        return _object(json.loads(text))
    except json.JSONDecodeError as error:
        problem = _explained(text, error)
        comma = _ends_with_comma(text, error)
    except ValueError as error:  # a number with more digits than Python reads
        raise NotationError(f"JSON: {error}"[:200]) from None
    if len(text) > MAX_SCRIPT or (comma and suffix != ".py"):
        raise NotationError(problem)
    found = literal(text.strip())
    if isinstance(found, dict):
        return _object({str(name): value for name, value in found.items()})
    code = assigned(text)
    if code and code.settings:
        return Found(settings=code.settings, caveats=code.caveats, script="\n".join(code.commands))
    settings = {} if text.lstrip()[1:].lstrip()[:1] in ('"', "") else _yaml(text)[0]
    if not settings:
        raise NotationError(problem)
    return Found(settings=settings)


def _object(found: dict[str, Any]) -> Found:
    cells = found.get("cells")
    if not isinstance(cells, list):
        return Found(settings=found)
    code, notes = read_cells(cells)
    script = "\n".join(code.commands)[:MAX_SCRIPT]
    return Found(settings=code.settings, caveats=code.caveats, script=script, notebook=True, notes=notes)


def _explained(text: str, error: json.JSONDecodeError) -> str:
    """Say where JSON is broken, and what is wrong there."""
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
    """Read the first settings of a JSON list; None if the text is not JSON and may be something else."""
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
    notes = (f"the first of {len(maps)} settings in a list is imported",) if len(maps) > 1 else ()
    return Found(settings={str(name): value for name, value in maps[0].items()}, notes=notes)


def _fences(text: str) -> Found | None:
    """Read the first code block of Markdown that sets anything, or all blocks with commands; None without one."""
    if ("```" not in text and "~~~" not in text) or assigned(text) is not None:
        return None
    setting: list[tuple[int, Found]] = []
    commands: list[str] = []
    problem: NotationError | None = None
    for line, block in itertools.islice(_blocks(text), _MAX_FENCES):
        if _PROGRAM in block and not block.lstrip().startswith(("{", "[")):
            commands.append(block)
            continue
        try:
            found = read(block, "", fenced=True)
        except NotationError as error:
            problem = problem or NotationError(f"code block at line {line}: {error}")
            continue
        if found.settings:
            setting.append((line, found))
    if commands:
        blocks = "a code block" if len(commands) == 1 else f"{len(commands)} code blocks"
        return Found(script="\n".join(commands), notes=(f"only {blocks} with commands read, not the text around",))
    if not setting and problem:
        raise problem
    return _of_block(setting) if setting else None


def _of_block(setting: Sequence[tuple[int, Found]]) -> Found:
    line, first = setting[0]
    several = f", the first of {len(setting)}" if len(setting) > 1 else ""
    note = f"the code block at line {line} is read{several}; the text around it is not"
    return Found(settings=first.settings, caveats=first.caveats, notes=(note, *first.notes))


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """The code blocks with the line where each begins; an unclosed block ends with the text."""
    opened, start = "", 0
    inside: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        match = _FENCE.match(line)
        if not opened and match:
            opened, start, inside = match[1], number + 1, []
        elif opened and match and match[1].startswith(opened) and not match[2].strip():
            yield start, "\n".join(inside)
            opened = ""
        elif opened:
            inside.append(line)
    if opened:
        yield start, "\n".join(inside)


def _yaml(text: str) -> tuple[dict[str, Any], str]:
    """Read a YAML text as a map, or say why it is not one."""
    try:
        node = compose(text)
    except NotYamlError as error:
        return {}, f"YAML: line {error.line}, column {error.column}: {error.message}"[:200]
    if isinstance(node, yaml.MappingNode):
        found = _plain(node)
        return (found, "") if isinstance(found, dict) else ({}, "")
    return {}, "YAML without settings by name" if node is not None else "empty"


def _plain(node: yaml.Node) -> Any:
    """Convert a node to Python's types, scalars by the rules of YAML 1.2; `compose` has limited the depth."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return Value(node, "", Problems("")).scalar("")
