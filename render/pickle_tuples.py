"""How much work the tuples of a pickle make, told from its opcodes alone.

Python hashes and prints a tuple by going through all that it holds, once for every time that it is held: forty tuples,
each of the one before twice, take a trillion steps as the key of a dict. Nested deep enough, they end the process.
"""

from __future__ import annotations

import pickletools

_MAX_DEPTH = 20
_MAX_REPEATED = 2_000_000  # what all tuples taken from the memo hold, each time that they are taken
_MAX_KEYS = 1_000  # tuples as keys: their hashes can be made to collide
_MAX_LARGE = 2_000  # whole numbers past which Python's hashes collide at will
_LARGE = (1 << 61) - 1

_Item = tuple[int, int]  # how much it holds, how deep; (1, 0) is anything but a tuple
_ATOM: _Item = (1, 0)
_TAKES = frozenset({"GET", "BINGET", "LONG_BINGET"})
_KEEPS = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
# How many items an opcode takes off the stack and puts back; -1: all down to the last mark, and the mark.
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
# The most frequent: constants, but for whole numbers.
_PLAIN = frozenset(
    name for name, effect in _EFFECTS.items() if effect == (0, 0, 1) and "LONG" not in name and "INT" not in name
) - {*_TAKES, "MARK"}


class Tuples:
    """Follows the opcodes of one pickle, in order, by what they do to the stack and the memo."""

    def __init__(self) -> None:
        self._stack: list[_Item | None] = []  # None is a mark
        self._memo: dict[int, _Item] = {}
        self._repeated = self._keys = self._large = 0

    def follow(self, name: str, argument: object) -> str:
        """Take one opcode; what is wrong with it, or "" where nothing is."""
        if name in _PLAIN:
            self._stack.append(_ATOM)
        elif name in _TAKES:
            return self._taken(self._memo.get(int(str(argument)), _ATOM))
        elif name in _KEEPS or name == "MEMOIZE":
            at = len(self._memo) if name == "MEMOIZE" else int(str(argument))
            self._memo[at] = (self._stack[-1] if self._stack else None) or _ATOM
        elif name == "MARK":
            self._stack.append(None)
        elif name == "DUP":
            return self._taken((self._stack[-1] if self._stack else None) or _ATOM)
        elif name == "TUPLE" or name in _TUPLES:
            return self._tuple(self._popped(_TUPLES.get(name, -1)))
        else:
            return self._other(name, argument)
        return ""

    def _other(self, name: str, argument: object) -> str:
        count, below, after = _EFFECTS[name]
        held = self._popped(count) if count else []
        if below:
            self._popped(below)
        self._stack += [_ATOM] * after
        if name in ("SETITEM", "SETITEMS"):
            self._keys += sum(item[1] > 0 for item in held[1 if name == "SETITEM" else 0 :: 2])
            if self._keys > _MAX_KEYS:
                return f"more than {_MAX_KEYS:,} tuples as keys"
        elif isinstance(argument, int) and abs(argument) >= _LARGE:
            self._large += 1
            if self._large > _MAX_LARGE:
                return f"more than {_MAX_LARGE:,} whole numbers of over 60 bits"
        return ""

    def _tuple(self, held: list[_Item]) -> str:
        depth = 1 + max((item[1] for item in held), default=0)
        self._stack.append((1 + sum(item[0] for item in held), depth))
        return f"tuples nested more than {_MAX_DEPTH} deep" if depth > _MAX_DEPTH else ""

    def _taken(self, item: _Item) -> str:
        self._stack.append(item)
        self._repeated += item[0]
        return "tuples that repeat what they hold without end" if self._repeated > _MAX_REPEATED else ""

    def _popped(self, count: int) -> list[_Item]:
        """The last items, or those after the last mark. A pickle that lacks them is refused by torch."""
        held: list[_Item] = []
        while self._stack and (count < 0 or len(held) < count):
            item = self._stack.pop()
            if item is None and count < 0:
                break
            held.append(item or _ATOM)
        return held[::-1]
