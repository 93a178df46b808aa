"""Splits an expression into tokens, with hints for text that is not part of the language."""

import re
from typing import NamedTuple

MAX_LENGTH = 1000

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<operator>\*\*|<=|>=|==|!=|[-+*/()<>,])|(?P<other>\S)|(?P<end>$))",
    re.ASCII,
)
WORDS = {"and", "or", "not", "if", "else"}
HINTS = {
    "%": "mod(a, b) is the remainder, and a unit is allowed only after a plain number",
    "^": "** is the power",
    "=": "== compares",
    "&": "write 'and'",
    "|": "write 'or'",
    "!": "write 'not'",
    "?": "write 'a if condition else b'",
}
MISSING = {
    **dict.fromkeys(("beat", "bar", "tempo"), "it needs music: {bpm: 120}"),
    **dict.fromkeys(
        ("s", "ms", "deg", "beats", "bars", "frames"),
        "a unit is allowed only after a plain number; an expression is in the field's own unit, per second",
    ),
    "prev": "it is the value at the previous key of a map of times, and there is no previous key here",
}


class ExpressionError(Exception):
    """An error in an expression and its column, counted from 0."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.message, self.column = message, column


class Token(NamedTuple):
    """A number, name, operator, the end, or `other` for anything else, with its first column, counted from 0."""

    kind: str
    text: str
    column: int


def tokens(source: str) -> list[Token]:
    """Split `source` into tokens; the last one marks the end.

    Raises:
        ExpressionError: `source` is too long.
    """
    if len(source) > MAX_LENGTH:
        raise ExpressionError(f"more than {MAX_LENGTH} characters in one expression; name parts of it with let:", 0)
    found = []
    for match in _TOKEN.finditer(source):
        kind = match.lastgroup or "end"
        found.append(Token(kind, match[kind], match.start(kind)))
    return found
