"""The grammar of expressions: compiles a text to a function of named arrays, or reports an error with its column.

A small grammar of our own, compiled to numpy. It is safe to run on untrusted text: there are no attributes, subscripts
or strings, and only functions of `pipeline.curves.functions` can be called; all numbers are floats, so a power that is
too large is infinite at once; and the size is checked before anything is computed.

Source: Pratt, "Top down operator precedence" (1973).
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from pipeline.curves.array import Array
from pipeline.curves.cursor import Cursor
from pipeline.curves.functions import FUNCTIONS, SPAN, TRIGGER
from pipeline.curves.tokens import MISSING, WORDS, ExpressionError
from pipeline.curves.triggers import BEATS, Every, Span
from render.errors import suggestion

MAX_DEPTH = 24

Names = Mapping[str, Any]
Compute = Callable[[Names], Any]  # an array, or a `Span` or `Every` written as an argument

_TRIGGER = "beat, bar or every(4 beats)"
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


class Parser(Cursor):
    """Compiles while parsing. `used` are the names in the expression, `triggers` its triggers with their columns."""

    def __init__(self, source: str, known: Collection[str]) -> None:
        super().__init__(source)
        self.used: set[str] = set()
        self.triggers: list[tuple[Every, int]] = []
        self._known = known
        self._depth = 0

    def compile(self) -> Compute:
        """Compile the whole text. Raises `ExpressionError` if it is not an expression."""
        compute = self._expression(_TERNARY)
        if self._token.kind != "end":
            raise self._unexpected()
        return compute

    def _expression(self, binding: int) -> Compute:
        """Parse everything that binds at least as tightly as `binding`."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError("nested too deeply; name parts of it with let:", self._token.column)
        left = self._operand()
        while (text := self._token.text) and self._token.kind in ("operator", "name"):
            if text == "if" and binding <= _TERNARY:
                left = self._ternary(left)
            elif text in _COMPARISONS and binding <= _COMPARE:
                left = self._comparison(left)
            elif text in _BINARY and binding <= _BINARY[text][0]:
                self._advance()
                level, operator = _BINARY[text]
                # A power is right-associative, and its exponent may have a sign.
                left = _apply(operator, left, self._expression(_SIGN if text == "**" else level + 1))
            else:
                break
        self._depth -= 1
        return left

    def _operand(self) -> Compute:
        kind, text, column = self._token
        if kind == "number":
            number = np.asarray(float(self._advance().text))
            return lambda names: number
        if text in ("-", "+"):
            self._advance()
            return _apply(np.negative if text == "-" else np.positive, self._expression(_SIGN))
        if text == "not":
            self._advance()
            return _apply(np.logical_not, self._expression(_NOT))
        if text == "(":
            self._advance()
            inside = self._expression(_TERNARY)
            self._expect(")")
            return inside
        if kind == "name" and text not in WORDS:
            self._advance()
            return self._call(text, column) if self._token.text == "(" else self._name(text, column)
        raise self._unexpected()

    def _ternary(self, left: Compute) -> Compute:
        self._advance()
        condition = self._expression(_OR)
        self._expect("else")
        return _apply(FUNCTIONS["where"].compute, condition, left, self._expression(_TERNARY))

    def _comparison(self, left: Compute) -> Compute:
        """Parse a comparison or a chain of them: 0 < t < 4 means 0 < t and t < 4."""
        whole: Compute | None = None
        while (text := self._token.text) in _COMPARISONS:
            self._advance()
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
            hint = MISSING.get(name) or suggestion(
                name, {*self._known, *FUNCTIONS}, "define it in let:, or in music.signals if it follows the music"
            )
            raise ExpressionError(f"unknown name '{name}'; {hint}", column)
        self.used.add(name)
        return lambda names: names[name]

    def _call(self, name: str, column: int) -> Compute:
        if name not in FUNCTIONS:
            hint = "it is a number, not a function" if name in self._known else suggestion(name, FUNCTIONS)
            raise ExpressionError(f"unknown function '{name}'; {hint}", column)
        function = FUNCTIONS[name]
        values = self._values(function.reads)
        low, high = function.counts
        if not low <= len(values) <= high:
            raise ExpressionError(f"expected {function.call}, got {len(values)}", column)
        if len(values) < high and function.default:
            values.append(self._name(function.default, column))
        self.used.update(function.uses)
        given = [lambda names, use=use: names[use] for use in function.uses]
        return _apply(function.compute, *given, *values)

    def _values(self, reads: tuple[str, ...] = ()) -> list[Compute]:
        """Parse the arguments in brackets; `reads` is the kind of each one, if they are not numbers."""
        self._expect("(")
        values: list[Compute] = []
        kinds = {SPAN: self._span, TRIGGER: self._trigger}
        while self._token.text != ")":
            if values:
                self._expect(",", " or ')'")
            kind = reads[min(len(values), len(reads) - 1)] if reads else ""
            values.append(kinds[kind]() if kind else self._expression(_TERNARY))
        self._advance()
        return values

    def _span(self) -> Compute:
        """Parse a duration such as 4 beats."""
        column = self._token.column
        span = self._read_span()
        if span.in_beats:
            self._name("beat", column)
        return lambda names: span

    def _trigger(self) -> Compute:
        """Parse a trigger: beat, bar or every(4 beats)."""
        _, name, column = self._token
        if name in BEATS:
            self._advance()
            self._name(name, column)
            return self._add_trigger(Every(span=Span(count=1, unit=name)), column)
        if name != "every":
            raise ExpressionError(f"expected {_TRIGGER}, got '{name}'", column)
        self._advance()
        values = self._values(FUNCTIONS[name].reads)
        if not 1 <= len(values) <= 2:
            raise ExpressionError(f"expected {FUNCTIONS[name].call}, got {len(values)}", column)
        span, delay, *_ = (*(value({}) for value in values), None)
        return self._add_trigger(Every(span=span, delay=delay), column)

    def _add_trigger(self, trigger: Every, column: int) -> Compute:
        self.triggers.append((trigger, column))
        return lambda names: trigger


def _apply(function: Callable[..., Array], *parts: Compute) -> Compute:
    """Apply `function` to the values of the parts. The result consists of floats; a comparison is 1 or 0."""
    return lambda names: np.asarray(function(*(part(names) for part in parts)), dtype=np.float64)
