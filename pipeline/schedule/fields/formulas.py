"""Expressions in a schedule: compiles them, locates their errors in the file, checks them over the whole timeline."""

import dataclasses
import difflib
import functools
import math
import re

import numpy as np
import yaml

from pipeline.curves.array import Array
from pipeline.curves.beat_grid import BeatGrid
from pipeline.curves.expressions import RESERVED, Expression, Formula
from pipeline.curves.tokens import ExpressionError
from pipeline.schedule.document.composer import CURVE_HINT
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.quantities import Quantity
from pipeline.schedule.fields.readers import written

_NUMBER = re.compile(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?")
_AMOUNT = re.compile(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?(\s*(%|[A-Za-z]+))?(\s*/\s*[A-Za-z]+)?")  # a number with any unit
_CURVE = re.compile(r"\s*[0-9]+\s*:\s*\(")  # Deforum's 0: (1.02)
_WORD = re.compile(r"[A-Za-z_]\w*")


def amount(value: Value, quantity: Quantity, clock: Clock, expected: str, prev: float | None) -> float | Formula:
    """A literal number of the quantity, or an expression that gives one for every time.

    Args:
        expected: what the quantity, or a map of it, accepts, in words.
        prev: the value at the previous key.

    Raises:
        InvalidError: it is neither.
    """
    if not isinstance(value.node, yaml.ScalarNode) or not isinstance(value.scalar(expected), str):
        return quantity.read(value, clock, expected)
    per_beat = quantity.per_beat(value) if isinstance(clock.beat, BeatGrid) else ""
    if quantity.convert(value, clock) is not None or _NUMBER.fullmatch(written(value)):
        constant = quantity.read(value, clock, expected)
        if not per_beat:
            return constant
    if per_beat:
        expression = clock.scope.compile(per_beat)
    else:
        expression = compiled(value, clock, expected, () if prev is None else ("prev",))
    clock.diagnostics.count_expression(value, clock.scope.size(expression))
    before = None if prev is None else prev / quantity.unit
    formula = Formula(expression=expression, scope=clock.scope, prev=before)
    if quantity.unit != 1.0:
        formula = formula.with_step(functools.partial(np.multiply, quantity.unit))
    if not formula.is_constant or not clock.known:
        return formula
    constant = float(formula.at(np.array(0.0)))
    if complaint := _complaint(constant, quantity, clock):
        raise InvalidError(value, complaint)
    return constant


def compiled(value: Value, clock: Clock, expected: str, extra_names: tuple[str, ...] = ()) -> Expression:
    """Compile the expression at `value`.

    Raises:
        InvalidError: it cannot be compiled. If it does not look like an expression, the message says what was
            `expected` instead.
    """
    source: str = value.node.value
    try:
        expression = clock.scope.compile(source, extra_names)
        clock.diagnostics.used.update(expression.names)
        return expression
    except ExpressionError as error:
        if _CURVE.match(source):
            raise InvalidError(value, CURVE_HINT) from None
        raise (_placed(value, error) if _is_meant(written(value), clock) else value.invalid(expected)) from None


def _is_meant(text: str, clock: Clock) -> bool:
    """Whether a text is meant as an expression: not a single unknown word, and not a number with a unit."""
    if _WORD.fullmatch(text):
        return text in RESERVED or bool(difflib.get_close_matches(text, (*clock.names.variables, *clock.names.signals)))
    return bool(text) and not _AMOUNT.fullmatch(text)


def check(value: Value, formula: Formula, times: Array, quantity: Quantity, clock: Clock) -> None:
    """Check a formula at all `times`. Raises `InvalidError` where it has no value, or one that the quantity rejects."""
    values = formula.at(times)
    unsound = ~np.isfinite(values)
    suspects = [int(unsound.argmax())] if unsound.any() else [int(values.argmin()), int(values.argmax())]
    for index in suspects:
        if complaint := _complaint(float(values[index]), quantity, clock):
            raise InvalidError(value, f"{complaint} at {when(times[index], clock)}")


def when(time: float, clock: Clock) -> str:
    """A time in seconds for a message: `frame 12 (1 s)`."""
    frame = time * clock.fps
    whole = abs(frame - round(frame)) < 1e-6
    return f"frame {round(frame)} ({time:.4g} s)" if whole else f"{time:.4g} s"


def _complaint(value: float, quantity: Quantity, clock: Clock) -> str:
    if math.isnan(value):
        return "is not a number (such as 0/0 or sqrt(-1))"
    if math.isinf(value):
        return "is infinite (such as 1/0)"
    complaint = quantity.complain(value, clock)
    return f"{complaint}, got {value / quantity.unit:g}" if complaint else ""


def _placed(value: Value, error: ExpressionError) -> InvalidError:
    """The error at its own column in the file, if the expression is on one line exactly as written."""
    node = value.node
    assert isinstance(node, yaml.ScalarNode)
    if node.style is None and error.message.endswith(
        "expected ',' or ')'"
    ):  # inside {...} or [...], YAML splits at the comma
        return InvalidError(value, "put quotes around an expression with commas")
    start, end = node.start_mark, node.end_mark
    quotes = 1 if node.style in ('"', "'") else 0
    if end is None or start.line != end.line or end.column - start.column != len(node.value) + 2 * quotes:
        return InvalidError(value, f"{error.message} (character {error.column + 1} of the expression)")
    shift = quotes + error.column
    kind = type(start) if isinstance(start, yaml.Mark) else yaml.Mark  # libyaml's marks cannot be constructed
    mark = kind(start.name, start.index + shift, start.line, start.column + shift, None, 0)
    inside = yaml.ScalarNode(node.tag, node.value, mark, end, node.style)
    return InvalidError(dataclasses.replace(value, node=inside), error.message)
