"""Estimate how much work loading a pickle takes, from its opcodes alone.

Python hashes and prints a tuple by visiting everything in it, once per reference: forty tuples, each holding the
previous one twice, take a trillion steps as the key of a dict. Nested deeply enough, they crash the process. torch
makes its calls with whatever arguments the pickle gives: three more bytes turn one long list into a set once again.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from typing import NamedTuple

_MAX_DEPTH = 20
_MAX_REPEATED = 2_000_000  # total content of the tuples read from the memo, counted at each read
_MAX_KEYS = 1_000  # tuples or results of calls as dict keys or set members: their hashes can be made to collide
_MAX_LARGE = 2_000  # of integers so large that their Python hashes can be made to collide
_LARGE = (1 << 61) - 1
_MAX_CALLED = 20_000_000  # items and characters that calls process, per call at most what was written before it


class _Item(NamedTuple):
    """One entry of the stack.

    Attributes:
        size: how much it holds, if it is a tuple.
        depth: nesting of tuples; 0 if it is not a tuple.
        name: of a global; followed by () what calling it made; [ a container; of a tuple its last item's, short texts
            in quotes.
        keys: how many of a tuple's items are tuples or made by calls.
        contains: whether containers are in the tuple.
    """

    size: int = 1
    depth: int = 0
    name: str = ""
    keys: int = 0
    contains: bool = False

    @property
    def collides(self) -> bool:
        """Whether the pickle can choose its hash."""
        return self.depth > 0 or self.name.endswith("()")


_ATOM = _Item()
_CONTAINER = _Item(name="[", contains=True)
_TAKES = frozenset({"GET", "BINGET", "LONG_BINGET"})
_KEEPS = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
_TUPLES = {"TUPLE": -1, "EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_CONTAINERS = frozenset({"EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET"})
_FILLS = {"APPEND": 1, "APPENDS": -1, "SETITEM": 2, "SETITEMS": -1, "ADDITEMS": -1}  # how many items they consume
_TORCH_READS = "torch._utils._rebuild_parameter_with_state"  # iterates over its argument
# How many items an opcode pops and pushes; -1: all down to the last mark, and the mark.
_EFFECTS = {
    code.name: (
        (-1 if pickletools.markobject in code.stack_before else len(code.stack_before)),
        len(code.stack_before[: code.stack_before.index(pickletools.markobject)])
        if pickletools.markobject in code.stack_before
        else 0,
        len(code.stack_after),
    )
    for code in pickletools.opcodes
}
# The most frequent opcodes: constants other than integers.
_PLAIN = frozenset(
    name for name, effect in _EFFECTS.items() if effect == (0, 0, 1) and "LONG" not in name and "INT" not in name
) - {*_TAKES, *_TUPLES, *_CONTAINERS, "MARK", "GLOBAL"}


class Work:
    """Simulates what the opcodes of one pickle do to the stack and the memo, in order.

    Args:
        ignored: whether calling this name, and filling the result, has no effect.
    """

    def __init__(self, ignored: Callable[[str], bool]) -> None:
        self._ignored = ignored
        self._stack: list[_Item | None] = []  # None is a mark
        self._memo: dict[int, _Item] = {}
        self._repeated = self._keys = self._large = self._called = 0
        self._written = self._longest = 0  # opcodes so far, and characters of the longest text
        self._listed = 0  # items of lists, sets and one tuple that could collide as keys

    def follow(self, name: str, argument: object) -> str:
        """Process one opcode; return what is wrong with it, or ""."""
        self._written += 1
        if name in _PLAIN:
            self._stack.append(self._constant(argument))
        elif name in _TAKES:
            return self._taken(self._memo.get(int(str(argument)), _ATOM))
        elif name in _KEEPS or name == "MEMOIZE":
            self._memo[len(self._memo) if name == "MEMOIZE" else int(str(argument))] = self._last()
        elif name == "MARK":
            self._stack.append(None)
        elif name == "DUP":
            return self._taken(self._last())
        elif name in _TUPLES:
            return self._tuple(self._popped(count) if (count := _TUPLES[name]) else [])
        elif name in _CONTAINERS:
            self._stack.append(_CONTAINER)
        elif name == "GLOBAL":
            self._stack.append(_Item(name=str(argument).replace(" ", ".")))
        elif name in _FILLS:
            return self._filled(name, self._popped(_FILLS[name]))
        elif name in ("REDUCE", "NEWOBJ", "BUILD", "BINPERSID"):
            return self._made(name)
        else:
            return self._other(name, argument)
        return ""

    def _constant(self, argument: object) -> _Item:
        if not isinstance(argument, str | bytes):
            return _ATOM
        self._longest = max(self._longest, len(argument))
        return _Item(name=f"'{argument}'") if isinstance(argument, str) and len(argument) < 10 else _ATOM

    def _other(self, name: str, argument: object) -> str:
        count, below, after = _EFFECTS[name]
        if count:
            self._popped(count)
        if below:
            self._popped(below)
        self._stack += [_ATOM] * after
        if isinstance(argument, int) and abs(argument) >= _LARGE:
            self._large += 1
            if self._large > _MAX_LARGE:
                return f"more than {_MAX_LARGE:,} whole numbers of over 60 bits"
        return ""

    def _filled(self, name: str, held: list[_Item]) -> str:
        if not name.startswith("SETITEM"):
            self._listed += sum(item.collides for item in held)
        if name.startswith("SETITEM"):
            self._keys += sum(item.collides for item in held[::2])
        elif name == "ADDITEMS":
            self._keys += sum(item.collides for item in held)
        return f"more than {_MAX_KEYS:,} tuples as keys" if self._keys > _MAX_KEYS else ""

    def _tuple(self, held: list[_Item]) -> str:
        depth = 1 + max((item.depth for item in held), default=0)
        keys = sum(item.collides for item in held)
        made = _Item(
            size=1 + sum(item.size for item in held),
            depth=depth,
            name=held[-1].name if held and not held[-1].name.endswith("()") else "",
            keys=keys,
            contains=any(item.contains for item in held),
        )
        self._listed += keys if keys > _MAX_KEYS else 0
        self._stack.append(made)
        return f"tuples nested more than {_MAX_DEPTH} deep" if depth > _MAX_DEPTH else ""

    def _made(self, name: str) -> str:
        """Process a call (the callable lies below its arguments), a state for the item below, or a tensor's numbers."""
        argument = self._popped(1)[0]
        if name == "BINPERSID":
            self._stack.append(_Item(name="()"))
            # Its items become a file name: a list of lists would be formatted for that.
            named = argument.depth and not argument.contains
            return "" if named else "tensor data identified by something other than text"
        below = self._popped(1)[0]
        if name == "BUILD":
            self._stack.append(below)
            return "" if self._ignored(below.name.removesuffix("()")) else self._charged(self._written + self._longest)
        self._stack.append(_Item(name=f"{below.name}()"))
        if not argument.depth or below.depth or below.name.endswith("()") or below.name[:1] in ("", "[", "'"):
            return "a call of something other than a name"  # torch would print it, however long that took
        return self._call(below.name, argument)

    def _call(self, function: str, argument: _Item) -> str:
        if function == "_codecs.encode":
            if argument.name != "'latin1'" or argument.contains:  # how bytes are pickled; others can be slow
                return "a text in an encoding other than latin1"
            return self._charged(self._longest)
        if function.startswith("torch.") and function.endswith("Storage"):
            return "a storage of any size"
        reads = argument.contains or function == _TORCH_READS or not function.startswith("torch.")
        if argument.size == 1 or self._ignored(function) or not reads:
            return ""
        if self._listed > _MAX_KEYS:
            return f"a call with more than {_MAX_KEYS:,} tuples as keys"
        return self._charged(self._written + self._longest)

    def _charged(self, most: int) -> str:
        self._called += most
        return "calls that iterate over its contents too often" if self._called > _MAX_CALLED else ""

    def _taken(self, item: _Item) -> str:
        self._stack.append(item)
        self._repeated += item.size
        return "tuples that repeat their contents too often" if self._repeated > _MAX_REPEATED else ""

    def _last(self) -> _Item:
        return (self._stack[-1] if self._stack else None) or _ATOM

    def _popped(self, count: int) -> list[_Item]:
        """Pop the last `count` items, or those after the last mark. torch refuses a pickle that lacks them."""
        held: list[_Item] = []
        while len(held) != count and self._stack:
            item = self._stack.pop()
            if item is None and count < 0:
                break
            held.append(item or _ATOM)
        return held[::-1] + [_ATOM] * (count - len(held))
