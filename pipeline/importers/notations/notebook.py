"""Read a notebook's code cells: what they assign, and the lines that IPython passes to a shell. Nothing is run."""

import re
from collections.abc import Sequence
from typing import Any

from pipeline.importers.notations.literals import Assigned, assigned

_MAX_CELL = 1_000_000  # characters
_PROGRAM = "generate.py"
_SHELL_CELL = re.compile(r"\s*%%(?:bash|sh|shell|script)\b[^\n]*\n")
_RUN = re.compile(r"[ \t]*(?:!|%run\b|%sx\b|%system\b)[ \t]*(.*)")
_LOOPED = "Python runs the command in a loop or under a condition; one run is imported"


def read_cells(cells: Sequence[Any]) -> tuple[Assigned, tuple[str, ...]]:
    """Read the assignments and the shell commands in a notebook's code cells; also return what was assumed."""
    whole = Assigned()
    script: list[str] = []
    notes: list[str] = []
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        lines = cell.get("source", "")
        code = ("".join(map(str, lines)) if isinstance(lines, list) else str(lines))[:_MAX_CELL]
        if shell := _SHELL_CELL.match(code):
            script.append(code[shell.end() :])
            continue
        lines_run = _runs(code)
        script += [line for line, _ in lines_run]
        notes += [_LOOPED] if any(inside and _PROGRAM in line for line, inside in lines_run) else []
        found = assigned(code, whole.settings) or Assigned()
        _merge(whole, found, number)
        script += found.commands
    whole.commands = script
    return whole, tuple(dict.fromkeys(notes))


def _merge(whole: Assigned, cell: Assigned, number: int) -> None:
    """Add a cell's assignments to those of earlier cells, which take precedence."""
    for name, text in cell.caveats.items():
        whole.caveats.setdefault(name, f"cell {number}, {text}")
    for name, value in cell.settings.items():
        if name in whole.settings and whole.settings[name] != value:
            whole.caveats[name] = f"cell {number}: {name} is assigned again; the first value is used"
        whole.settings.setdefault(name, value)


def _runs(code: str) -> list[tuple[str, bool]]:
    """The lines of a cell that IPython passes to the shell, with continuations, and whether each is indented."""
    found: list[tuple[str, bool]] = []
    continued = False
    for line in code.split("\n"):
        match = None if continued else _RUN.match(line)
        if match or continued:
            found.append((match[1] if match else line, bool(match) and line[0] in " \t"))
            continued = line.rstrip().endswith("\\")
    return found
