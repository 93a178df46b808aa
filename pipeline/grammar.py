"""The grammar of expressions: a text becomes a function of named arrays, or an error with its column.

An own small grammar, compiled to numpy. It has no attribute, no subscript, no text and no call but
those in `pipeline.functions`; all numbers are floats, so a power that is too large is infinite at
once; and the size is bounded before anything is computed.

Source: Pratt, "Top down operator precedence" (1973).
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from pipeline.easings import Array
from pipeline.functions import FUNCTIONS
from pipeline.tokens import HINTS, MISSING, WORDS, ExpressionError, Token, tokens
from render.errors import suggestion

MAX_NODES, MAX_DEPTH = 200, 24

Names = Mapping[str, Any]
Compute = Callable[[Names], Array]

_TERNARY, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER = range(9)
_BINARY: dict[str, tuple[int, Callable[..., Array]]] = {
    "or": (_OR, np.logical_or),
    "and": (_AND, np.logical_and),
    "+": (_SUM, np.add),
    "-": (_SUM, np.subtract),
    "*": (_PRODUCT, np.multiply),
    "/": (_PRODUCT, np.divide),
    "**": (_POWER, np.power),
}
_COMPARISONS: dict[str, Callable[..., Array]] = {
    **{"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal},
    **{"==": np.equal, "!=": np.not_equal},
}


class Parser:
    """Compiles as it reads; `used` are the names that the expression asks for."""

    def __init__(self, source: str, known: Collection[str]) -> None:
        self.used: set[str] = set()
        self._known = known
        self._tokens = tokens(source)
        self._at = self._nodes = self._depth = 0

    def whole(self) -> Compute:
        """The function that the text says. Raises `ExpressionError` where it says none."""
        compute = self._expression(_TERNARY)
        if self._token.kind != "end":
            raise self._unexpected()
        return compute

    @property
    def size(self) -> int:
        """How many tokens were read: what one value costs."""
        return self._nodes

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._token
        self._at += token.kind != "end"
        self._nodes += 1
        if self._nodes > MAX_NODES * 2:  # about half of all tokens are operators and brackets
            raise ExpressionError("too long; let: names parts of it", token.column)
        return token

    def _expect(self, text: str, instead: str = "") -> None:
        if self._token.text != text:
            raise self._unexpected(f"expected '{text}'{instead}")
        self._take()

    def _unexpected(self, hint: str = "") -> ExpressionError:
        kind, text, column = self._token
        said = "the expression ends too early" if kind == "end" else f"unexpected '{text}'"
        hint = HINTS.get(text, hint)
        return ExpressionError(said + (f"; {hint}" if hint else ""), column)

    def _expression(self, binding: int) -> Compute:
        """Everything that binds at least as tightly as `binding`."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError("nested too deeply; let: names parts of it", self._token.column)
        left = self._operand()
        while (text := self._token.text) and self._token.kind in ("operator", "name"):
            if text == "if" and binding <= _TERNARY:
                left = self._ternary(left)
            elif text in _COMPARISONS and binding <= _COMPARE:
                left = self._comparison(left)
            elif text in _BINARY and binding <= _BINARY[text][0]:
                self._take()
                level, operator = _BINARY[text]
                # A power binds to the right, and a sign may stand in its exponent.
                left = _apply(operator, left, self._expression(_SIGN if text == "**" else level + 1))
            else:
                break
        self._depth -= 1
        return left

    def _operand(self) -> Compute:
        kind, text, column = self._token
        if kind == "number":
            number = np.asarray(float(self._take().text))
            return lambda names: number
        if text in ("-", "+"):
            self._take()
            return _apply(np.negative if text == "-" else np.positive, self._expression(_SIGN))
        if text == "not":
            self._take()
            return _apply(np.logical_not, self._expression(_NOT))
        if text == "(":
            self._take()
            inside = self._expression(_TERNARY)
            self._expect(")")
            return inside
        if kind == "name" and text not in WORDS:
            self._take()
            return self._call(text, column) if self._token.text == "(" else self._name(text, column)
        raise self._unexpected()

    def _ternary(self, left: Compute) -> Compute:
        self._take()
        condition = self._expression(_OR)
        self._expect("else")
        return _apply(FUNCTIONS["where"].compute, condition, left, self._expression(_TERNARY))

    def _comparison(self, left: Compute) -> Compute:
        """One or a chain: 0 < t < 4 is 0 < t and t < 4."""
        whole: Compute | None = None
        while (text := self._token.text) in _COMPARISONS:
            self._take()
            right = self._expression(_SUM)
            link = _apply(_COMPARISONS[text], left, right)
            whole = link if whole is None else _apply(np.logical_and, whole, link)
            left = right
        assert whole is not None
        return whole

    def _name(self, name: str, column: int) -> Compute:
        if name in FUNCTIONS:
            raise ExpressionError(f"{name} is a function: {FUNCTIONS[name].call}", column)
        if name not in self._known:
            hint = MISSING.get(name) or suggestion(name, {*self._known, *FUNCTIONS}, "let: can define it")
            raise ExpressionError(f"unknown name '{name}'; {hint}", column)
        self.used.add(name)
        return lambda names: names[name]

    def _call(self, name: str, column: int) -> Compute:
        if name not in FUNCTIONS:
            hint = "it is a number" if name in self._known else suggestion(name, FUNCTIONS)
            raise ExpressionError(f"unknown function '{name}'; {hint}", column)
        function = FUNCTIONS[name]
        values = self._values()
        low, high = function.counts
        if not low <= len(values) <= high:
            raise ExpressionError(f"expected {function.call}, got {len(values)}", column)
        if len(values) < high and function.default:
            values.append(self._name(function.default, column))
        self.used.update(function.uses)
        given = [lambda names, use=use: names[use] for use in function.uses]
        return _apply(function.compute, *given, *values)

    def _values(self) -> list[Compute]:
        self._expect("(")
        values: list[Compute] = []
        while self._token.text != ")":
            if values:
                self._expect(",", " or ')'")
            values.append(self._expression(_TERNARY))
        self._take()
        return values


def _apply(function: Callable[..., Array], *parts: Compute) -> Compute:
    """The function of the parts' values, as floats: a comparison is 1 or 0."""
    return lambda names: np.asarray(function(*(part(names) for part in parts)), dtype=np.float64)
