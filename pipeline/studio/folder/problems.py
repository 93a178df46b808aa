"""The problems of a schedule's text with the stretch of text that each is about, as an editor underlines it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from pipeline.schedule.document import composer
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from pipeline.studio.folder.refused import RefusedError
from render.errors import InputError, Problem, ScheduleError

Severity = Literal["error", "warning"]
Ends = Mapping[tuple[int, int], tuple[int, int]]  # where the node that starts at (line, column) ends, from 0


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A problem. Lines and columns count from 1, columns in UTF-16 code units, and the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int
    severity: Severity
    message: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a valid schedule amounts to; `size` is width and height in pixels."""

    frames: int
    fps: float
    seconds: float
    size: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The result of a check; there are facts if there is no error."""

    problems: tuple[Marked, ...]
    facts: Facts | None


def check(text: str, file: Path) -> Checked:
    """Check a text as `render check` would if it were the content of `file`."""
    try:
        schedule = read_schedule(text, str(file), file.stem)
        Timeline(schedule)
    except InputError as error:
        return Checked(problems=marked(error, text, file), facts=None)
    output = schedule.output
    facts = Facts(frames=output.num_frames, fps=output.fps, seconds=output.num_frames / output.fps, size=output.size)
    return Checked(problems=_marked(schedule.warnings, "warning", text, file), facts=facts)


def read(text: str, file: Path) -> Schedule:
    """The schedule of a text as if it were the content of `file`. Raises `RefusedError` with its problems."""
    try:
        return read_schedule(text, str(file), file.stem)
    except InputError as error:
        raise RefusedError(400, "the schedule has problems", marked(error, text, file)) from error


def marked(error: InputError, text: str, file: Path) -> tuple[Marked, ...]:
    """The problems of an error; one without a place is about the text's beginning."""
    if isinstance(error, ScheduleError):
        return _marked(error.problems, "error", text, file)
    message = str(error).removeprefix(f"{file}: ")
    return _marked([Problem(file=str(file), line=1, column=1, path="", message=message)], "error", text, file)


def _marked(problems: Iterable[Problem], severity: Severity, text: str, file: Path) -> tuple[Marked, ...]:
    problems = list(problems)
    if not problems:
        return ()
    lines, ends = text.splitlines() or [""], _ends(text)
    return tuple(_mark(problem, severity, lines, ends, file) for problem in problems)


def _mark(problem: Problem, severity: Severity, lines: list[str], ends: Ends, file: Path) -> Marked:
    message = f"{problem.path}: {problem.message}" if problem.path else problem.message
    if problem.file != str(file):  # an included file, which the text names somewhere
        message = f"{Path(problem.file).name}:{problem.line}:{problem.column}: {message}"
        line = column = 0
    else:
        line, column = problem.line - 1, problem.column - 1
    line = min(line, len(lines) - 1)
    column = min(column, len(lines[line]))
    end_line, end_column = ends.get((line, column), (line, len(lines[line])))
    if end_line != line:  # a map or list, of which the first line is enough
        end_line, end_column = line, len(lines[line].rstrip())
    return Marked(
        line=line + 1,
        column=_utf16(lines[line], column) + 1,
        end_line=end_line + 1,
        end_column=_utf16(lines[line], max(end_column, column)) + 1,
        severity=severity,
        message=message,
    )


def _utf16(line: str, column: int) -> int:
    """The UTF-16 code units before a column that counts characters."""
    return len(line[:column].encode("utf-16-le", errors="surrogatepass")) // 2


def _ends(text: str) -> Ends:
    """Where each node ends, by where it starts; empty if the text is not YAML."""
    try:
        root = composer.compose(text)
    except composer.NotYamlError:
        return {}
    found: dict[tuple[int, int], tuple[int, int]] = {}
    waiting = [root] if root is not None else []
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        start, end = node.start_mark, node.end_mark
        if isinstance(node, yaml.ScalarNode) or (start.line, start.column) not in found:
            found[start.line, start.column] = (end.line, end.column)
        if isinstance(node, yaml.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
    return found
