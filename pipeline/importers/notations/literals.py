"""Find what Python code assigns from its syntax tree: literals and simple sums of them. Nothing is run."""

import ast
import contextlib
import operator
import re
import shlex
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_MAGIC = re.compile(r"^(\s*)[!%].*$", re.MULTILINE)
_SUMS: dict[type, Callable[[Any, Any], Any]] = {
    **{ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul},
    **{ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod},
}
_LARGEST = 1e15
_LONGEST = 2000  # characters of concatenated texts
_SHORT = 1000  # characters of a text that other lines may refer to
_DEEPEST = 50
_MIN_KEYS = 3  # the fewest keys of a map that counts as settings
_CALLS = ("system", "run", "call", "check_call", "check_output", "Popen", "getoutput", "popen")
_UNREADABLE = (ValueError, TypeError, SyntaxError, ArithmeticError, RecursionError, MemoryError)


@dataclass
class Assigned:
    """What code assigns.

    Attributes:
        settings: the first literal assigned to each name.
        caveats: notes by name of the setting, reported only if a format asks for it.
        commands: the shell commands that the code runs.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    caveats: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)


def assigned(code: str, known: Mapping[str, Any] | None = None) -> Assigned | None:
    """Find every `name = literal` in a script, including functions, classes and branches; None if it is not Python.

    The first, outermost assignment to a name counts: later ones are what the script does with the setting.

    Args:
        known: the values that earlier cells have assigned.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(_MAGIC.sub(r"\1pass", code))
        except (SyntaxError, ValueError):
            return None
        return _Reader(dict(known or {})).read(tree)


def literal(code: str) -> Any:
    """Evaluate a literal; None if the code is anything else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.literal_eval(code)
        except _UNREADABLE:
            return None


def evaluated(node: ast.expr, known: Mapping[str, Any]) -> Any:
    """Evaluate a literal, or a sum of values of `known`; None if the expression is anything else."""
    try:
        return _Reader(dict(known))._value(node)
    except _UNREADABLE:
        return None


class _Reader:
    def __init__(self, known: dict[str, Any]) -> None:
        self._known, self._found = known, Assigned()

    def read(self, tree: ast.Module) -> Assigned:
        outer = set(map(id, _outermost(tree)))
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign | ast.AnnAssign):
                self._assign(node, id(node) in outer)
            elif isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Dict) and id(node) in outer:
                with contextlib.suppress(*_UNREADABLE):
                    self._spread("", self._entries(node.value), node.lineno)
        return self._found

    def _assign(self, node: ast.Assign | ast.AnnAssign, outer: bool) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        pairs = [pair for target in targets for pair in _pairs(target, node.value)]
        for name, expression in pairs:
            try:
                value = self._entries(expression) if outer else self._value(expression)
            except _UNREADABLE:
                if outer:
                    text = f"line {node.lineno}: {name} is computed, not a literal; its default is used"
                    self._found.caveats.setdefault(name, text)
                continue
            self._add(name, value, node.lineno, outer)

    def _add(self, name: str, value: Any, line: int, outer: bool) -> None:
        before = self._found.settings.get(name, value)
        if outer and name in self._found.settings and before != value:
            self._found.caveats[name] = f"line {line}: {name} is assigned again; the first value is used"
        self._found.settings.setdefault(name, value)
        if outer and isinstance(value, str | int | float) and len(str(value)) <= _SHORT:
            self._known.setdefault(name, value)
        if isinstance(value, dict) and outer:
            self._spread(name, value, line)

    def _spread(self, name: str, value: Any, line: int) -> None:
        """Add the entries of a map of settings as settings of their own."""
        if not isinstance(value, dict) or not all(isinstance(key, str) and key.isidentifier() for key in value):
            return
        if name and len(value) < _MIN_KEYS:
            return
        self._found.settings.pop(name, None)
        for key, inside in value.items():
            self._add(key, inside, line, outer=False)

    def _entries(self, node: ast.expr | None) -> Any:
        """Read a value; from a literal map of settings, only the entries that can be read."""
        if not isinstance(node, ast.Dict) or not all(_names(key) for key in node.keys):
            return self._value(node)
        found: dict[str, Any] = {}
        for key, inside in zip(node.keys, node.values, strict=True):
            name = str(getattr(key, "value", ""))
            try:
                found[name] = self._value(inside)
            except _UNREADABLE:
                text = f"line {inside.lineno}: {name} is computed, not a literal; its default is used"
                self._found.caveats.setdefault(name, text)
        return found

    def _value(self, node: ast.expr | None, depth: int = 0) -> Any:
        """Evaluate a literal, or a sum of known numbers or texts. Raises what `_UNREADABLE` lists."""
        if node is None or depth > _DEEPEST:
            raise ValueError("not a literal")
        if isinstance(node, ast.Name) and node.id in self._known:
            return self._known[node.id]
        if isinstance(node, ast.BinOp) and type(node.op) in _SUMS:
            return _sum(node.op, self._value(node.left, depth + 1), self._value(node.right, depth + 1))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not any(map(_starred, node.args)):
            return self._built(node, depth)
        return ast.literal_eval(node)

    def _built(self, node: ast.Call, depth: int) -> Any:
        """Evaluate `dict(a=1)`, `int("30")` and the like."""
        assert isinstance(node.func, ast.Name), "asked before"
        arguments = [self._value(argument, depth + 1) for argument in node.args]
        if node.func.id == "dict" and not arguments and all(keyword.arg for keyword in node.keywords):
            return {str(keyword.arg): self._value(keyword.value, depth + 1) for keyword in node.keywords}
        made: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "str": str}
        simple = len(arguments) == 1 and isinstance(arguments[0], str | int | float)
        if simple and not node.keywords and node.func.id in made and len(str(arguments[0])) <= 100:
            return made[node.func.id](arguments[0])
        raise ValueError("not a literal")

    def _call(self, node: ast.Call) -> None:
        """Collect the command of `os.system("python generate.py ...")` or `subprocess.run(["python", ...])`."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in _CALLS or not node.args:
            return
        first = node.args[0]
        if isinstance(first, ast.List | ast.Tuple):
            words = [_written(word, self._known) for word in first.elts]
            text = " ".join(shlex.quote(word) if named else f'"{word}"' for word, named in words)
        else:
            text = _written(first, self._known)[0]
        if "generate.py" in text:
            self._found.commands.append(text)


def _outermost(tree: ast.Module) -> Iterator[ast.AST]:
    """The statements that run from top to bottom, including those in classes and branches."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.ClassDef | ast.If | ast.With | ast.Try):
            waiting += node.body


def _pairs(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr]]:
    """Pair the names of a target with their values; `W, H = 256, 128` gives two pairs."""
    if isinstance(target, ast.Name) and value is not None:
        yield target.id, value
        return
    if not isinstance(target, ast.Tuple | ast.List) or not isinstance(value, ast.Tuple | ast.List):
        return
    if len(target.elts) == len(value.elts):
        named = zip(target.elts, value.elts, strict=True)
        yield from ((name.id, inside) for name, inside in named if isinstance(name, ast.Name))


def _sum(sign: ast.operator, left: Any, right: Any) -> Any:
    """Combine two numbers, if the result has a sensible size, or concatenate two texts."""
    if isinstance(left, str) and isinstance(right, str) and isinstance(sign, ast.Add):
        if len(left) + len(right) <= _LONGEST:
            return left + right
    elif all(isinstance(side, int | float) and abs(side) <= _LARGEST for side in (left, right)):
        return _SUMS[type(sign)](left, right)
    raise ValueError("not a sum")


def _names(key: ast.expr | None) -> bool:
    return isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.isidentifier()


def _starred(node: ast.expr) -> bool:
    return isinstance(node, ast.Starred)


def _written(node: ast.expr, known: Mapping[str, Any]) -> tuple[str, bool]:
    """A text as a shell would see it, with unknown parts as variables; and whether it is entirely literal."""
    if isinstance(node, ast.Constant):
        return str(node.value), True
    if isinstance(node, ast.Name):
        value = known.get(node.id)
        return (str(value), True) if isinstance(value, str | int | float) else (f"${node.id}", False)
    if isinstance(node, ast.JoinedStr):
        parts = [_written(part, known) for part in node.values]
        return "".join(text for text, _ in parts), all(whole for _, whole in parts)
    if isinstance(node, ast.FormattedValue) and node.format_spec is None:
        return _written(node.value, known)
    return "$(computed)", False
