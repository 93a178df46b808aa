"""Where in a schedule a place of its text is: found line by line, so also in a text that is not YAML yet."""

import re
from dataclasses import dataclass, field

from pipeline.studio.text.source import Source

MOST_DEEP = 64  # maps and lists around a place; a schedule has at most 32
Step = str | int  # a key, or the number of an item
_COLON = re.compile(r":(?=\s|$)")
_WORD = re.compile(r"[^\s,\[\]{}:\"']*")


@dataclass(frozen=True, kw_only=True)
class Where:
    """A place in a schedule.

    Attributes:
        path: the keys and numbers of items around it; of a value, its own key is the last.
        is_key: whether a key stands there, or is to be written there.
        start, end: the range of the word there, as positions of the text.
        around: the keys that are written in the same map before it.
        wants_colon: whether nothing follows a key yet.
    """

    path: tuple[Step, ...]
    is_key: bool
    start: int
    end: int
    around: tuple[str, ...]
    wants_colon: bool


@dataclass
class _Frame:
    """A map or list in brackets that is open at the place, or a key of a block."""

    indent: int = -1  # of a block; -1 in brackets
    is_list: bool = False
    key: str | None = None
    number: int = 0
    keys: list[str] = field(default_factory=list)
    start: int = 0  # of what stands between the last separator and the place
    is_begun: bool = False  # whether anything but blanks stands there


def where(source: Source, position: int) -> Where | None:
    """The place at a position; None in a comment, or if it is nested far too deeply."""
    begin, stack = _line_of_section(source, position), [_Frame(indent=0)]
    line = begin
    while line < source.line_start(position):
        _block_line(source.body, line, source.line_end(line), stack)
        line = source.next_line(line)
    if _is_comment(source.body, source.line_start(position), position):
        return None
    _block_line(source.body, line, position, stack, is_last=True)
    top = stack[-1]
    end = position + len(_WORD.match(source.body, position)[0])  # type: ignore[index]  # it matches anything
    start = (
        top.start + len(source.body[top.start : position]) - len(source.body[top.start : position].lstrip(" \r\n\"'"))
    )
    if len(stack) > MOST_DEEP:
        return None
    path = tuple(step for frame in stack[:-1] for step in _step(frame))
    is_key = not top.is_list and top.key is None
    rest = source.body[end : source.line_end(end)].lstrip("\"'")
    return Where(
        path=path if is_key else (*path, *_step(top)),
        is_key=is_key,
        start=min(start, position),
        end=end,
        around=tuple(top.keys),
        wants_colon=not rest.startswith(":"),
    )


def _step(frame: _Frame) -> tuple[Step, ...]:
    if frame.is_list:
        return (frame.number,)
    return () if frame.key is None else (frame.key,)


def _line_of_section(source: Source, position: int) -> int:
    """The start of the section at the top that a position is in."""
    line = source.line_start(position)
    while line > 0 and source.body[line : line + 1] in (" ", "\r", "\n", "#", "-", "}", "]", "\t", ""):
        line = source.line_start(line - 1)
    return line


def _is_comment(body: str, start: int, position: int) -> bool:
    return bool(re.search(r"(?:^|\s)#", re.sub(r"\"[^\"]*\"|'[^']*'", "", body[start:position])))


def _block_line(body: str, start: int, end: int, stack: list[_Frame], is_last: bool = False) -> None:
    """Read a line, or its part before the place: what it closes, and what it opens."""
    at = start + len(body[start:end]) - len(body[start:end].lstrip(" "))
    if stack[-1].indent < 0:  # in brackets
        _flow(body, start, end, stack)
        return
    if not is_last and (at == end or body[at] == "#"):
        return
    while body[at : at + 2] in ("- ", "-") and at < end:
        _open(stack, at - start, is_list=True)
        at += 1 + len(body[at + 1 : end]) - len(body[at + 1 : end].lstrip(" "))
        stack.append(_Frame(indent=at - start, start=at))
    top = _open(stack, at - start)
    top.start = at
    if body[at:end].startswith(("{", "[")):
        _flow(body, at, end, stack)
        return
    quoted = body.find(body[at], at + 1, end) if body[at:end].startswith(('"', "'")) else at
    if (found := _COLON.search(body, max(at, quoted), end)) is None:
        return
    top.key = body[at : found.start()].strip().strip("\"'")
    top.keys.append(top.key)
    top.start, top.is_begun = found.end(), False
    _flow(body, found.end(), end, stack)


def _open(stack: list[_Frame], indent: int, is_list: bool = False) -> _Frame:
    """The map or list of a block whose entries are indented so."""
    while len(stack) > 1 and stack[-1].indent > indent:
        stack.pop()
    top = stack[-1]
    if top.indent == indent and top.is_list == is_list:
        top.number += is_list
        top.key = None
        return top
    if top.indent == indent and is_list and top.key is None and not top.keys:
        stack.pop()
    elif top.indent == indent and top.is_list:
        stack.pop()
        return _open(stack, indent)
    stack.append(_Frame(indent=indent, is_list=is_list))
    return stack[-1]


def _flow(body: str, start: int, end: int, stack: list[_Frame]) -> None:
    """Read what may have brackets in it."""
    at = start
    while at < end:
        character, top = body[at], stack[-1]
        begins, top.is_begun = not top.is_begun, top.is_begun or not character.isspace()
        if character in "\"'" and begins:
            closing = body.find(character, at + 1, end)
            at = end if closing < 0 else closing
        elif character == "#" and (at == start or body[at - 1].isspace()):
            if begins:
                top.start, top.is_begun = end, False
            return
        elif character in "{[" and begins:
            stack.append(_Frame(is_list=character == "[", start=at + 1))
        elif top.indent < 0:
            _within_brackets(body, at, stack)
        at += 1


def _within_brackets(body: str, at: int, stack: list[_Frame]) -> None:
    top, character = stack[-1], body[at]
    if character in "}]":
        stack.pop()
    elif character == ",":
        top.number += top.is_list
        top.key, top.start, top.is_begun = None, at + 1, False
    elif character == ":" and not top.is_list and top.key is None and body[at + 1 : at + 2].strip(" \r\n,}\"'") == "":
        top.key = body[top.start : at].strip().strip("\"'")
        top.keys.append(top.key)
        top.start, top.is_begun = at + 1, False
