"""Evaluate the arithmetic of other tools' schedules: a whitelist of Python's grammar, never `eval`.

An expression is evaluated for all frames at once. Where our own language has an equivalent, the expression is also
translated; whoever writes the translation compares the two (`pipeline.importers.values.keys`).

Source: numexpr's user guide for what Deforum's expressions may contain. What differs: every number is a
    float, so nothing overflows. `%` has the sign of the divisor, as in numexpr since 2.10; before that, `%` of
    whole numbers had the sign of the dividend.
"""

import ast
import difflib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.values.dialects import Dialect, Function, where

MAX_LENGTH, MAX_NODES, MAX_DEPTH = 2000, 400, 40

_UNARY: dict[type, Function] = {ast.USub: np.negative, ast.UAdd: np.positive}
_NOT: tuple[type, ...] = (ast.Not, ast.Invert)
_BINARY: dict[type, Function] = {
    **{ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power},
    **{ast.Mod: np.mod, ast.FloorDiv: np.floor_divide, ast.BitAnd: np.logical_and, ast.BitOr: np.logical_or},
}
_COMPARE: dict[type, Function] = {
    **{ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal},
    **{ast.Eq: np.equal, ast.NotEq: np.not_equal},
}
_OURS = {"sin", "cos", "tan", "sqrt", "exp", "log", "floor", "ceil", "abs", "where", "min", "max", "round"}


class UnreadableError(Exception):
    """Raised for a setting's text that cannot be used; the message says why, without the setting's name."""


@dataclass(frozen=True, kw_only=True)
class Arithmetic:
    """An expression of another tool."""

    source: str
    dialect: Dialect
    tree: ast.expr = field(compare=False, repr=False)

    def values(self, names: Mapping[str, Array | float]) -> Array:
        """Evaluate for arrays of the names. Raises `UnreadableError` if it uses other names or unknown functions."""
        with np.errstate(all="ignore"):
            return np.asarray(_value(self.tree, {**self.dialect.constants, **names}, self.dialect), dtype=np.float64)

    def written(self, names: Mapping[str, str]) -> str | None:
        """Translate to our language, with the names replaced; None if it has no equivalent there."""
        try:
            return ast.unparse(_Writer(names).visit(ast.parse(ast.unparse(self.tree), mode="eval").body))
        except _NoEquivalentError:
            return None


def arithmetic(source: str, dialect: Dialect) -> Arithmetic:
    """Parse an expression. Raises `UnreadableError` if it is not one, or is too large."""
    if len(source) > MAX_LENGTH:
        raise UnreadableError(f"an expression of more than {MAX_LENGTH} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnreadableError(f"{_explain_error(source)}: {_short(source)}") from None
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES or _depth(tree) > MAX_DEPTH:
        raise UnreadableError("an expression that is too large")
    return Arithmetic(source=source, dialect=dialect, tree=tree)


def _explain_error(source: str) -> str:
    """Explain what is wrong with an expression that does not parse."""
    depth = 0
    for character in source:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return "closing bracket without an opening one"
    return "bracket not closed" if depth else "not an expression"


def _short(source: str) -> str:
    text = " ".join(source.split())
    return text if len(text) <= 80 else text[:77] + "..."


def _depth(tree: ast.AST) -> int:
    depth, level = 0, [tree]
    while level:
        depth, level = depth + 1, [child for node in level for child in ast.iter_child_nodes(node)]
    return depth


def _value(node: ast.expr, names: Mapping[str, Array | float], dialect: Dialect) -> Array:
    def value(inner: ast.expr) -> Array:
        return _value(inner, names, dialect)

    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return np.asarray(float(number) if abs(number) < 1e300 else np.inf)
        case ast.Name(id=name) if name in names:
            return np.asarray(names[name], dtype=np.float64)
        case ast.UnaryOp(op=op, operand=operand) if isinstance(op, _NOT):
            return _number(np.logical_not(value(operand)))
        case ast.UnaryOp(op=op, operand=operand):
            return _number(_UNARY[type(op)](value(operand)))
        case ast.Attribute(value=ast.Name(id="np"), attr=name) if name in dialect.constants:
            return np.asarray(dialect.constants[name], dtype=np.float64)
        case ast.BinOp(left=left, op=ast.BitXor(), right=right):
            power = f"{ast.unparse(left)[:30]} ** {ast.unparse(right)[:30]}"
            raise UnreadableError(f"^ is the exclusive or of bits, not a power; write {power}")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _number(_BINARY[type(op)](value(left), value(right)))
        case ast.BoolOp(op=op, values=parts):
            fold = np.logical_and if isinstance(op, ast.And) else np.logical_or
            return _number(fold.reduce(np.broadcast_arrays(*map(value, parts))))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
            return _number(_COMPARE[type(op)](value(left), value(right)))
        case ast.IfExp(test=test, body=body, orelse=otherwise):
            return where(value(test), value(body), value(otherwise))
        case ast.Call(func=func, args=args, keywords=[]):
            return _number(_called(func, len(args), dialect)(*map(value, args)))
    text = ast.unparse(node)
    raise UnreadableError(f"'{text[:40]}' is not known here; {_suggestion(text, sorted(names), dialect)}")


def _called(func: ast.expr, count: int, dialect: Dialect) -> Function:
    name = _function_name(func)
    full = ast.unparse(func)
    function, wanted = dialect.functions.get(full, dialect.functions.get(name, (None, 0)))
    if function is None:
        raise UnreadableError(f"'{name[:40]}()' is not known here; {_suggestion(name, [], dialect)}")
    if count != wanted:
        raise UnreadableError(f"{name[:40]}() takes {wanted} values, not {count}")
    return function


def _suggestion(name: str, names: Sequence[str], dialect: Dialect) -> str:
    """Suggest what to write instead of an unknown name."""
    if name in dialect.replacements:
        return f"write {dialect.replacements[name]}"
    functions = sorted(function for function in dialect.functions if not function.startswith("np."))
    near = difflib.get_close_matches(name.lower(), [*names, *functions], n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    known = [*names, *(f"{function}()" for function in functions)]
    return f"expected one of {', '.join(known)}"


def _function_name(func: ast.expr) -> str:
    """The name of a function written as `sin` or, in pytti, as `np.sin`."""
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == "np":
        return func.attr
    return func.id if isinstance(func, ast.Name) else ast.unparse(func)


def _number(values: Array) -> Array:
    return np.asarray(values, dtype=np.float64)


class _NoEquivalentError(Exception):
    """Raised if the expression has no equivalent in our language."""


class _Writer(ast.NodeTransformer):
    """Rewrites an expression in our language."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self._names:
            raise _NoEquivalentError
        return ast.parse(self._names[node.id], mode="eval").body

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id == "np" and node.attr in ("pi", "e"):
            return ast.Name(node.attr)
        raise _NoEquivalentError

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.visit(node.operand)
        return ast.UnaryOp(ast.Not() if isinstance(node.op, _NOT) else node.op, operand)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        match node.op:
            case ast.Mod():
                return ast.Call(ast.Name("mod"), [left, right], [])
            case ast.FloorDiv():
                return ast.Call(ast.Name("floor"), [ast.BinOp(left, ast.Div(), right)], [])
            case ast.BitAnd() | ast.BitOr():
                return ast.BoolOp(ast.And() if isinstance(node.op, ast.BitAnd) else ast.Or(), [left, right])
        return ast.BinOp(left, node.op, right)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name, values = _function_name(node.func), [self.visit(value) for value in node.args]
        match name, values:
            case "pow", [base, exponent]:
                return ast.BinOp(base, ast.Pow(), exponent)
            case "radians", [angle]:
                return ast.BinOp(angle, ast.Mult(), ast.parse("pi/180", mode="eval").body)
            case "fabs", [value]:
                return ast.Call(ast.Name("abs"), [value], [])
        if name not in _OURS:
            raise _NoEquivalentError
        return ast.Call(ast.Name(name), values, [])
