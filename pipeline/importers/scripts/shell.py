"""Read a script as a sequence of commands with variables expanded and the loops around each. Nothing is run."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.importers.scripts import loops
from pipeline.importers.scripts.loops import Loop
from pipeline.importers.scripts.shell_words import Dialect, Operator, ShellError, Word
from pipeline.importers.scripts.simple_commands import plain_text, simple_commands, without_start
from pipeline.importers.scripts.variables import Expanded, Unknown, Variables

MAX_DEPTH = 20
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=")
_DECLARES = ("export", "declare", "local", "readonly", "typeset")
_PREFIXES = ("then", "else", "do", "{", "!", "time", "nohup", "exec", "call", "elif", "@")
_BEGIN = {"if": "if", "case": "case", "for": "loop", "while": "loop", "until": "loop", "select": "loop"}
_END = {"fi": "if", "esac": "case", "done": "loop"}


@dataclass(frozen=True, kw_only=True)
class Command:
    """A simple command.

    Attributes:
        loops: the loops around it, outermost first.
        conditional: whether it is inside an `if` or `case` within the innermost loop.
    """

    words: tuple[Expanded, ...]
    loops: tuple[Loop, ...]
    conditional: bool = False

    @property
    def line(self) -> int:
        return self.words[0].line


@dataclass
class _Block:
    """An open `if` or loop, and the names that are assigned in it."""

    kind: str
    loop: Loop | None
    assigned: set[str]
    awaits_bracket: bool = False


def commands(
    text: str, dialect: Dialect, values: Mapping[str, str | Unknown] | None = None, line: int = 1
) -> tuple[list[Command], tuple[str, ...]]:
    """Read the commands of a script; also returns which defaults of `${name:-default}` were used.

    Raises:
        ShellError: a quote is not closed, or blocks are nested too deeply.
    """
    simple = list(simple_commands(text, dialect, line))
    reader = _CommandReader(dialect, Variables(dict(values or {})), simple)
    return list(reader.commands()), tuple(reader.variables.defaults_used)


class _CommandReader:
    """Reads commands in order and keeps track of open loops and conditions and of the variables' values."""

    def __init__(self, dialect: Dialect, variables: Variables, simple: Sequence[list[Word | Operator]]) -> None:
        self.variables, self._dialect, self._simple = variables, dialect, simple
        self._open: list[_Block] = []
        self._assigned = self._in_loops()

    def commands(self) -> Iterator[Command]:
        skip = 0
        for at, found in enumerate(self._simple):
            if skip:
                skip -= 1
                continue
            if self._dialect is Dialect.BATCH and plain_text(found[0]).lower().lstrip("@") == "for":
                skip = self._batch_loop(at)
                continue
            words = self._control(at, list(found))
            if words:
                yield from self._command(words)

    def _command(self, words: list[Word]) -> Iterator[Command]:
        first = plain_text(words[0]).lower().lstrip("@")
        if self._dialect is Dialect.BATCH and first in ("set", "setx"):
            self._set(words[1:])
            return
        if first in _DECLARES:
            words = [word for word in words[1:] if not plain_text(word).startswith("-")]
        count = 0
        while count < len(words) and self._dialect is not Dialect.BATCH and _ASSIGNMENT.match(plain_text(words[count])):
            count += 1
        if count == len(words):
            for word in words:
                self._assign(word)
            return
        expanded = [each for word in words[count:] for each in self.variables.expand(word)]
        if expanded:
            loops_around = tuple(block.loop for block in self._open if block.loop)
            conditional = bool(self._open) and self._open[-1].kind != "loop"
            yield Command(words=tuple(expanded), loops=loops_around, conditional=conditional)

    def _assign(self, word: Word) -> None:
        match = _ASSIGNMENT.match(plain_text(word))
        assert match, "asked before"
        value = self.variables.joined([without_start(word, match.end())])
        name, before = match[1], self.variables.values.get(match[1], "")
        if match[2]:
            known = before if isinstance(before, str) else ""
            unknown = value.unknown if isinstance(before, str) else (before, *value.unknown)
            value = Expanded(text=known + value.text, line=value.line, unknown=unknown)
        self.variables.assign(name, value)
        self._note(name)

    def _set(self, words: list[Word]) -> None:
        """Handle cmd.exe's `set NAME=a value`, with or without quotes around the whole assignment."""
        computed = bool(words) and plain_text(words[0]).lower() in ("/a", "/p")
        words = words[1:] if computed else words
        match = _ASSIGNMENT.match(plain_text(words[0])) if words else None
        if match:
            value = self.variables.joined([without_start(words[0], match.end()), *words[1:]])
            if computed:
                value = Expanded(
                    text="", line=value.line, unknown=(Unknown(written="", why="is computed or entered by the user"),)
                )
            self.variables.assign(match[1], value)
            self._note(match[1])

    def _note(self, name: str) -> None:
        for block in self._open:
            block.assigned.add(name)

    def _control(self, at: int, found: list[Word | Operator]) -> list[Word]:
        """Handle `if`, `for`, `do` and the like, and return the rest of the simple command."""
        if isinstance(found[0], Operator):
            self._bracket(found[0])
            return []
        while found and isinstance(found[0], Word):
            word = plain_text(found[0])
            if word in _BEGIN and self._dialect is not Dialect.BATCH:
                self._begin(at, word, found)
                if _BEGIN[word] != "if":
                    return []
            elif word in _END:
                self._end(_END[word])
                return []
            elif word not in _PREFIXES:
                break
            found = found[1:]
        return [token for token in found if isinstance(token, Word)]

    def _begin(self, at: int, word: str, found: list[Word | Operator]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise ShellError(found[0].line, f"more than {MAX_DEPTH} nested loops and conditions")
        kind = _BEGIN[word]
        loop = (
            loops.loop_of(found, self._simple[at + 1 : at + 2], self._body(at), self.variables)
            if kind == "loop"
            else None
        )
        if loop:
            self.variables.forget(self._assigned.get(at, ()), "changes in the loop")
            if loop.variable:
                self.variables.forget([loop.variable], "changes in the loop")
        self._open.append(_Block(kind, loop, set()))

    def _end(self, kind: str) -> None:
        if self._open and self._open[-1].kind == kind:
            block = self._open.pop()
            why = "is set inside a condition" if kind != "loop" else "changes in the loop"
            self.variables.forget(block.assigned, why)

    def _bracket(self, bracket: Operator) -> None:
        """Handle a bracket; in a batch file, brackets enclose the body of a loop or a condition."""
        if self._dialect is not Dialect.BATCH:
            return
        if bracket.text == ")":
            if self._open:
                self._end(self._open[-1].kind)
        elif self._open and self._open[-1].awaits_bracket:
            self._open[-1].awaits_bracket = False
        elif len(self._open) >= MAX_DEPTH:
            raise ShellError(bracket.line, f"more than {MAX_DEPTH} nested brackets")
        else:
            self._open.append(_Block("if", None, set()))

    def _batch_loop(self, at: int) -> int:
        """Open the loop `for /L %%i in (1,1,30) do (` and return how many of the following commands are its header."""
        header, rest = loops.batch_loop_of(self._simple[at : at + 6], self.variables)
        if header is None:
            return 0
        self._open.append(_Block("loop", header, set(), awaits_bracket=True))
        return rest

    def _body(self, at: int) -> list[list[Word | Operator]]:
        """The commands of a loop up to its `done`, at most a thousand."""
        depth = 0
        found = []
        for simple in self._simple[at : at + 1000]:
            word = plain_text(simple[0])
            depth += (_BEGIN.get(word) == "loop") - (word == "done")
            if depth <= 0:
                break
            found.append(simple)
        return found

    def _in_loops(self) -> dict[int, set[str]]:
        """The names that are assigned in the loop that begins at a command."""
        found: dict[int, set[str]] = {}
        stack: list[int] = []
        for at, simple in enumerate(self._simple):
            word = plain_text(simple[0])
            if _BEGIN.get(word) == "loop":
                stack.append(at)
            names = loops.assigned_names(simple) if stack else set()
            for loop in stack[:MAX_DEPTH]:
                found.setdefault(loop, set()).update(names)
            if word == "done" and stack:
                stack.pop()
        return found
