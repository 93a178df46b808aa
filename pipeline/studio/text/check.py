"""What is wrong or questionable in a text, as `render check` finds it, each with the range of text that it is about."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

import yaml

from pipeline.schedule.document.composer import NotYamlError, compose
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from pipeline.studio.text.opened import below, opened
from pipeline.studio.text.source import Source, Span
from render.errors import InputError, Problem, ScheduleError

_WORD = re.compile(r"[^\s,\[\]{}]+|.?")
_PATH = re.compile(r"([\w.\[\]]+): ")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A problem or warning; lines and columns count from 1, columns in UTF-16 code units, and the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int
    span: Span
    severity: str  # "error" or "warning"
    message: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a valid schedule makes."""

    frames: int
    fps: float
    seconds: float
    size: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """All findings in order of place; `facts` is None if there are errors."""

    problems: tuple[Finding, ...]
    facts: Facts | None


def problems(text: str, path: str, folder: Path) -> Checked:
    """Check the schedule at `path`, relative to `folder`, as if its text was `text`."""
    file, source = folder / path, Source(text)
    try:
        found = opened(text, file)
        if _may_fail(found.schedule):
            Timeline(found.schedule)
    except ScheduleError as error:
        return Checked(problems=_findings(error.problems, file, source, "error"), facts=None)
    except InputError as error:
        return Checked(problems=(_unplaced(error, file, source),), facts=None)
    output = found.schedule.output
    facts = Facts(frames=output.num_frames, fps=output.fps, seconds=output.num_frames / output.fps, size=output.size)
    return Checked(problems=_findings(found.schedule.warnings, file, source, "warning"), facts=facts)


def _may_fail(schedule: Schedule) -> bool:
    """Whether computing the frames can fail, which takes a formula, a camera or footage; it is the longer half."""
    if any(curve.has_formula for curve in schedule.motion.rates.values()) or schedule.motion.shake:
        return True
    sections = [shot.sections for shot in schedule.shots]
    return any(own["source"] or own["motion"].flow or own["camera"].moves for own in sections)


def _findings(problems: tuple[Problem, ...], file: Path, source: Source, severity: str) -> tuple[Finding, ...]:
    if not problems:
        return ()
    extents = _Extents(source)
    found = [_finding(problem, file, source, extents, severity) for problem in problems]
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.column)))


def _finding(problem: Problem, file: Path, source: Source, extents: "_Extents", severity: str) -> Finding:
    message = f"{problem.path}: {problem.message}" if problem.path else problem.message
    if problem.file == str(file):
        start, end = extents.around(source.at(problem.line, problem.column))
    else:  # in an included file
        start, end = extents.of_key("include")
        message = f"{_shown(problem.file, file)}:{problem.line}:{problem.column}: {message}"
    return _placed(start, end, source, severity, _shown(message, file))


def _unplaced(error: InputError, file: Path, source: Source) -> Finding:
    """An error without a place; if it names a path, that of the setting."""
    message = str(error).removeprefix(f"{file}: ")
    named = _PATH.match(message)
    start, end = _Extents(source).of_key(*named[1].split(".")) if named else (0, 0)
    return _placed(start, end, source, "error", _shown(message, file))


def _placed(start: int, end: int, source: Source, severity: str, message: str) -> Finding:
    (line, column), (end_line, end_column) = source.line_column(start), source.line_column(max(start, end))
    return Finding(
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        span=source.span(start, max(start, end)),
        severity=severity,
        message=message,
    )


def _shown(text: str, file: Path) -> str:
    """A message without the folder of this machine."""
    return text.replace(f"{file.parent}/", "").replace(f"{file.parent.resolve()}/", "")


class _Extents:
    """The ranges of all nodes of a text, none if it is not YAML."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._root = _root(source.body)
        self._scalars: list[tuple[int, int]] = []
        self._others: dict[int, int] = {}
        for node in below(self._root) if self._root else ():
            start, end = source.extent(node)
            if isinstance(node, yaml.ScalarNode):
                self._scalars.append((start, end))
            else:
                self._others[start] = end
        self._scalars.sort()

    def around(self, position: int) -> tuple[int, int]:
        """The range of what begins at a position, or the rest of a scalar that it is in, or of a word."""
        number = bisect_right(self._scalars, (position, len(self._source.body))) - 1
        if number >= 0 and self._scalars[number][0] <= position < self._scalars[number][1]:
            return position, self._scalars[number][1]
        if position in self._others:
            return position, min(self._others[position], self._source.line_end(position))
        found = _WORD.match(self._source.body, position, self._source.line_end(position))
        return position, found.end() if found else position

    def of_key(self, *path: str) -> tuple[int, int]:
        """The range of a key, or of the last one of a path that is written here."""
        node, place = self._root, (0, 0)
        for name in path:
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            key, node = next((pair for pair in pairs if pair[0].value == name), (None, None))
            if key is None:
                break
            place = self._source.extent(key)
        return place


def _root(text: str) -> yaml.Node | None:
    try:
        return compose(text, quickly=True)
    except NotYamlError:
        return None
