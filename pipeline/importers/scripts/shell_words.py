"""Split a shell script or a batch file into words and operators. Nothing is run and nothing is looked up.

Source: POSIX Shell Command Language, 2.2 and 2.3; for batch files, the rules of cmd.exe. What differs: patterns
    are not expanded, and here-documents are skipped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Dialect(Enum):
    """The rules that apply: those of bash (and similar shells), of cmd.exe, or of a `!` line in a notebook."""

    BASH = "bash"
    BATCH = "batch"
    NOTEBOOK = "notebook"


class ShellError(Exception):
    """Raised for a script that cannot be split into words; lines are counted from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line, self.message = line, message


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a word: plain text or a variable.

    Attributes:
        text: the text after quotes and escapes are removed; for a variable, the text as written.
        variable: the name of the variable; "" for a command substitution; None for plain text.
        default: the text after `:-`.
        quoted: whether spaces within it are part of the word.
    """

    text: str
    variable: str | None = None
    default: str | None = None
    quoted: bool = False


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word as a sequence of parts."""

    parts: tuple[Part, ...]
    line: int


@dataclass(frozen=True, kw_only=True)
class Operator:
    """An operator: `;`, `&&`, the end of a line, a bracket, or an arithmetic `((...))`."""

    text: str
    line: int


_BASH = re.compile(
    r"""(?P<join>[\\^`][ \t]*\r?\n)|(?P<escape>\\.)|(?P<single>'[^']*')|(?P<double>")
    |(?P<arithmetic>\(\((?:[^()\n]|\([^()\n]{0,200}\)){0,500}\)\))
    |(?P<variable>\$\{[^{}\n]{1,200}\}|\$(?:[A-Za-z_]\w*|[0-9@*\#?!-]))
    |(?P<sub>\$[({]|`)|(?P<here><<-?[ \t]*["']?\w+["']?)|(?P<redirect>[0-9]*(?:&>>?|>>?&?|<<<|<&?))
    |(?P<operator>&&|\|\|?|;;?|&|[()]|\n)|(?P<space>[ \t\r]+)|(?P<comment>\#[^\n]*)
    |(?P<text>[^\\^`'"$<>&|;()\n\t\r\ \#{0-9]+)|(?P<brace>\{[A-Za-z_][^{}\n]{0,200}\})|(?P<other>.)""",
    re.VERBOSE,
)
_IN_QUOTES = re.compile(
    r"""(?P<end>")|(?P<join>\\\r?\n)|(?P<escape>\\[$`"\\])|(?P<variable>\$\{[^{}\n]{1,200}\}|\$(?:[A-Za-z_]\w*|[0-9@*#?!-]))
    |(?P<sub>\$[({]|`)|(?P<brace>\{[A-Za-z_][^{}\n]{0,200}\})|(?P<text>[^"\\$`{]+)|(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_BATCH = re.compile(
    r"""(?P<join>\^[ \t]*\r?\n)|(?P<escape>\^.)|(?P<double>")
    |(?P<variable>%[A-Za-z_]\w{0,99}%|![A-Za-z_]\w{0,99}!|%~?[0-9*]|%%~?\w)
    |(?P<redirect>[0-9]?(?:>>?(?:&[0-9])?|<))|(?P<operator>&&?|\|\|?|[()]|\n)|(?P<space>[ \t\r]+)
    |(?P<text>[^\^"%!<>&|()\n\t\r\ 0-9]+)|(?P<other>.)""",
    re.VERBOSE,
)
_IN_BATCH_QUOTES = re.compile(
    r"""(?P<end>")|(?P<escape>\\")|(?P<variable>%[A-Za-z_]\w{0,99}%|![A-Za-z_]\w{0,99}!|%~?[0-9*]|%%~?\w)
    |(?P<text>[^"\\%!\n]+)|(?P<other>[^\n])""",
    re.VERBOSE,
)
_REMARK = re.compile(r"[ \t]*@?(?:rem\b|::)[^\n]*", re.IGNORECASE)
_MAX_HERE = 10  # here-documents that start on one line
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9]+|[@*#?!-]")
_CLOSING = re.compile(r"""\\.|'[^']*'|"(?:[^"\\]|\\.)*"|[(){}]""", re.DOTALL)


def tokens(text: str, dialect: Dialect, line: int = 1) -> Iterator[Word | Operator]:
    """Yield the words and operators of a script, without comments and redirections.

    Args:
        line: the number of the first line.

    Raises:
        ShellError: a quote is not closed.
    """
    return _Reader(text, dialect, line).tokens()


class _Reader:
    def __init__(self, text: str, dialect: Dialect, line: int) -> None:
        self._text, self._dialect, self._line = text, dialect, line
        self._batch = dialect is Dialect.BATCH
        self._pattern, self._quotes = (_BATCH, _IN_BATCH_QUOTES) if self._batch else (_BASH, _IN_QUOTES)
        self._at, self._counted = 0, 0
        self._parts: list[Part] = []
        self._begun = 0
        self._redirected = False
        self._here: list[str] = []

    def tokens(self) -> Iterator[Word | Operator]:
        fresh = True  # nothing precedes it on its line
        while self._at < len(self._text):
            if fresh and self._batch and (note := _REMARK.match(self._text, self._at)):
                self._at = note.end()
                continue
            match = self._pattern.match(self._text, self._at)
            assert match, "the last alternative takes any character"
            kind, found = str(match.lastgroup), match[0]
            if kind == "join" and self._text[self._at] != "\\" and self._parts and not self._batch:
                kind, found = "other", found[0]  # joins lines only after a space
            if kind == "comment" and self._parts:
                kind, found = "other", "#"
            start = self._at
            self._at += len(found)
            if kind in ("space", "comment", "operator", "arithmetic", "redirect", "here", "join"):
                if kind != "join":
                    yield from self._word()
                if kind in ("operator", "arithmetic"):
                    self._redirected = False
                    yield Operator(text=found, line=self._number(start))
                elif kind == "redirect":
                    self._redirected = not found[-1].isdigit()
                elif kind == "here":
                    self._here.append(found.lstrip("<- \t").strip("\"'"))
                fresh = kind == "operator" or (fresh and kind == "space")
                if found == "\n" and self._here:
                    self._skip_here_documents()
                continue
            fresh = False
            if not self._parts:
                self._begun = start
            self._take(kind, found, start)
        yield from self._word()

    def _take(self, kind: str, found: str, start: int) -> None:
        """Add a part to the current word."""
        if kind == "double":
            self._parts += [Part(text="", quoted=True), *self._quoted(start)]
        elif kind == "single":
            self._parts.append(Part(text=found[1:-1], quoted=True))
        elif found in ("'", '"'):
            raise ShellError(self._number(start), f"the quote {found} is not closed")
        elif kind == "escape":
            self._parts.append(Part(text=found[1:], quoted=True))
        else:
            self._parts.append(self._part(kind, found, quoted=False))

    def _part(self, kind: str, found: str, quoted: bool) -> Part:
        if kind == "sub":
            return Part(text=self._substitution(found), variable="", quoted=quoted)
        if kind == "variable" or (kind == "brace" and self._dialect is Dialect.NOTEBOOK):
            inside = found.strip("%!~" if self._batch else "${}") or found
            name = _NAME.match(inside)
            rest = inside[name.end() :] if name else inside
            is_simple = self._batch or not rest or rest[:2] == ":-"
            known = name[0] if name and is_simple else ""
            return Part(text=found, variable=known, default=rest[2:] if rest[:2] == ":-" else None, quoted=quoted)
        return Part(text=found, quoted=quoted)

    def _quoted(self, start: int) -> Iterator[Part]:
        """Yield the parts up to the closing quote; in a batch file, the end of the line also closes it."""
        while self._at < len(self._text):
            match = self._quotes.match(self._text, self._at)
            if match is None:
                return
            kind, found = str(match.lastgroup), match[0]
            self._at = match.end()
            if kind == "end":
                return
            if kind != "join":
                yield self._part(kind, found[1:] if kind == "escape" else found, quoted=True)
        if not self._batch:
            raise ShellError(self._number(start), 'the quote " is not closed')

    def _substitution(self, opening: str) -> str:
        """Read a command substitution as written; an unclosed one extends to the end of the script."""
        start = self._at
        depth, closed = 1, len(self._text)
        if opening == "`":
            end = self._text.find("`", start)
            closed = end + 1 if end >= 0 else closed
        else:
            opens, closes = ("(", ")") if opening == "$(" else ("{", "}")
            for match in _CLOSING.finditer(self._text, start):
                depth += {opens: 1, closes: -1}.get(match[0], 0)
                if depth == 0:
                    closed = match.end()
                    break
        self._at = closed
        return opening + self._text[start:closed]

    def _word(self) -> Iterator[Word]:
        if self._parts:
            if not self._redirected:
                yield Word(parts=tuple(self._parts), line=self._number(self._begun))
            self._redirected = False
            self._parts = []

    def _skip_here_documents(self) -> None:
        """Skip the here-documents of the previous line."""
        for mark in self._here[:_MAX_HERE]:
            end = re.compile(rf"^[\t]*{re.escape(mark)}[ \t\r]*$", re.MULTILINE).search(self._text, self._at)
            self._at = end.end() if end else len(self._text)
        self._here = []

    def _number(self, at: int) -> int:
        """The line number of a position; positions only increase from word to word, so counting takes linear time."""
        if at >= self._counted:
            self._line += self._text.count("\n", self._counted, at)
            self._counted = at
        return self._line
