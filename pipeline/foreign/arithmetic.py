"""The arithmetic of other tools' schedules: a whitelist of Python's grammar, never `eval`.

An expression is evaluated for all frames at once, and written in our own language where that has the
same meaning; whoever writes it so compares the two (`pipeline.foreign.carriers`).

Source: numexpr's user guide for what Deforum's expressions may hold. What differs: every number is a
    float, so nothing overflows. `%` has the sign of the divisor, as numexpr has it since 2.10; before, whole
    numbers had that of the dividend.
"""

import ast
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from pipeline.easings import Array

MAX_LENGTH, MAX_NODES, MAX_DEPTH = 2000, 400, 40

_Function = Callable[..., Array]
_UNARY: dict[type, _Function] = {ast.USub: np.negative, ast.UAdd: np.positive}
_NOT: tuple[type, ...] = (ast.Not, ast.Invert)
_BINARY: dict[type, _Function] = {
    **{ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power},
    **{ast.Mod: np.mod, ast.FloorDiv: np.floor_divide, ast.BitAnd: np.logical_and, ast.BitOr: np.logical_or},
}
_COMPARE: dict[type, _Function] = {
    **{ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal},
    **{ast.Eq: np.equal, ast.NotEq: np.not_equal},
}
_SHARED: dict[str, tuple[_Function, int]] = {
    **{name: (getattr(np, name), 1) for name in ("sin", "cos", "tan", "sqrt", "exp", "log", "floor", "ceil", "abs")},
    **{name: (getattr(np, name), 1) for name in ("sinh", "cosh", "tanh", "log10", "log1p", "expm1")},
}
_OURS = {"sin", "cos", "tan", "sqrt", "exp", "log", "floor", "ceil", "abs", "where", "min", "max", "round"}


def _where(condition: Array, a: Array, b: Array) -> Array:
    return np.where(np.not_equal(condition, 0), a, b)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What a tool's expressions may call and name."""

    functions: Mapping[str, tuple[_Function, int]]
    constants: Mapping[str, float] = field(default_factory=dict)


NUMEXPR = Dialect(
    functions={
        **_SHARED,
        **{f"arc{name}": (getattr(np, f"arc{name}"), 1) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
        **{"arctan2": (np.arctan2, 2), "fmod": (np.fmod, 2), "where": (_where, 3)},
    },
)
PYTHON = Dialect(
    functions={
        **_SHARED,
        **{f"a{name}": (getattr(np, f"arc{name}"), 1) for name in ("sin", "cos", "tan")},
        **{"atan2": (np.arctan2, 2), "fmod": (np.fmod, 2), "pow": (np.power, 2), "round": (np.round, 1)},
        **{"radians": (np.radians, 1), "degrees": (np.degrees, 1), "fabs": (np.abs, 1)},
        **{"min": (np.minimum, 2), "max": (np.maximum, 2)},
    },
    constants={"pi": np.pi, "tau": 2 * np.pi, "e": np.e},
)


class UnreadableError(Exception):
    """What in an expression cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Arithmetic:
    """An expression of another tool."""

    source: str
    dialect: Dialect
    tree: ast.expr = field(compare=False, repr=False)

    def values(self, names: Mapping[str, Array | float]) -> Array:
        """The values for arrays of the names. Raises `UnreadableError` where it names or calls anything else."""
        with np.errstate(all="ignore"):
            return np.asarray(_value(self.tree, {**self.dialect.constants, **names}, self.dialect), dtype=np.float64)

    def written(self, names: Mapping[str, str]) -> str | None:
        """The expression in our language, its names replaced; None where that has no words for it."""
        try:
            return ast.unparse(_Writer(names).visit(ast.parse(ast.unparse(self.tree), mode="eval").body))
        except _NoWordsError:
            return None


def arithmetic(source: str, dialect: Dialect) -> Arithmetic:
    """Read an expression. Raises `UnreadableError` where it is none, or too large."""
    if len(source) > MAX_LENGTH:
        raise UnreadableError(f"an expression of more than {MAX_LENGTH} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnreadableError("not an expression") from None
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES or _depth(tree) > MAX_DEPTH:
        raise UnreadableError("an expression that is too large")
    return Arithmetic(source=source, dialect=dialect, tree=tree)


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
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _number(_BINARY[type(op)](value(left), value(right)))
        case ast.BoolOp(op=op, values=parts):
            fold = np.logical_and if isinstance(op, ast.And) else np.logical_or
            return _number(fold.reduce(np.broadcast_arrays(*map(value, parts))))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
            return _number(_COMPARE[type(op)](value(left), value(right)))
        case ast.IfExp(test=test, body=body, orelse=otherwise):
            return _where(value(test), value(body), value(otherwise))
        case ast.Call(func=func, args=args, keywords=[]):
            return _number(_called(func, len(args), dialect)(*map(value, args)))
    raise UnreadableError(f"'{ast.unparse(node)[:40]}' is not known here")


def _called(func: ast.expr, count: int, dialect: Dialect) -> _Function:
    name = _function_name(func)
    function, wanted = dialect.functions.get(name, (None, 0))
    if function is None or count != wanted:
        raise UnreadableError(f"'{name[:40]}' with {count} values is not known here")
    return function


def _function_name(func: ast.expr) -> str:
    """`sin`, and pytti's `np.sin`."""
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == "np":
        return func.attr
    return func.id if isinstance(func, ast.Name) else ast.unparse(func)


def _number(values: Array) -> Array:
    return np.asarray(values, dtype=np.float64)


class _NoWordsError(Exception):
    """Our language cannot say it."""


class _Writer(ast.NodeTransformer):
    """Rewrites an expression in the words of our language."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self._names:
            raise _NoWordsError
        return ast.parse(self._names[node.id], mode="eval").body

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
            raise _NoWordsError
        return ast.Call(ast.Name(name), values, [])
