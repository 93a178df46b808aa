"""Reads an expression token by token, and durations such as 4 beats."""

from pipeline.curves.tokens import HINTS, ExpressionError, Token, tokens
from pipeline.curves.triggers import MAX_SPAN, UNITS, Span
from render.errors import suggestion

MAX_NODES = 200
_SPAN = "a time such as 4 beats, 2 bars or 1.5s"


class Cursor:
    """Reads token by token, up to the maximum number of an expression."""

    def __init__(self, source: str) -> None:
        self._tokens = tokens(source)
        self._at = self._nodes = 0

    @property
    def size(self) -> int:
        """The number of tokens read so far, which measures the cost of computing one value."""
        return self._nodes

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _advance(self) -> Token:
        token = self._token
        if token.kind != "end":
            self._at += 1
        self._nodes += 1
        if self._nodes > MAX_NODES * 2:  # about half of all tokens are operators and brackets
            raise ExpressionError("too long; name parts of it with let:", token.column)
        return token

    def _expect(self, text: str, instead: str = "") -> None:
        if self._token.text != text:
            raise self._unexpected(f"expected '{text}'{instead}")
        self._advance()

    def _unexpected(self, hint: str = "") -> ExpressionError:
        kind, text, column = self._token
        message = "the expression ends too early" if kind == "end" else f"unexpected '{text}'"
        hint = HINTS.get(text, hint)
        return ExpressionError(message + (f"; {hint}" if hint else ""), column)

    def _read_span(self) -> Span:
        """Read a duration: a number and its unit."""
        kind, text, column = self._token
        if kind != "number":
            raise ExpressionError(f"expected {_SPAN}, got '{text}'", column)
        count = float(self._advance().text)
        if self._token.kind != "name":
            raise ExpressionError(f"expected {_SPAN}, got '{text}'", column)
        _, unit, place = self._advance()
        if unit not in UNITS:
            raise ExpressionError(f"unknown unit '{unit}'; {suggestion(unit, UNITS)}", place)
        if not 0 < count <= MAX_SPAN:
            raise ExpressionError(f"expected {_SPAN}, above 0 and up to {MAX_SPAN:g}, got '{text} {unit}'", column)
        return Span(count=count, unit=unit)
