"""Settings by name, and which of them have been looked at: what is left over is told, never dropped in silence."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.foreign.source import Source
from render.errors import InputError

_SHOWN = 60
_MANY = 5


class Settings:
    """The settings of a source, taken one by one."""

    def __init__(self, source: Source, kind: str, values: Mapping[str, Any] | None = None) -> None:
        self._source, self._kind = source, kind
        self._values = source.settings if values is None else values
        self._left = dict.fromkeys(self._values)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def error(self, name: str, message: str) -> InputError:
        return self._source.error(f"{self._kind}: {name}: {message}")

    def take(self, name: str, default: Any = None) -> Any:
        """The value of a setting, which then counts as carried or told."""
        self._left.pop(name, None)
        return self._values.get(name, default)

    def number(self, name: str, default: float, low: float = -1e9, high: float = 1e9) -> float:
        """A number in a range; written as a text, too."""
        value = self.take(name, default)
        try:
            if isinstance(value, bool | None | list | dict):
                raise TypeError
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise self.error(name, f"expected a number, got {shown(value)}") from None
        if not low <= number <= high:
            raise self.error(name, f"expected a number from {low:g} to {high:g}, got {number:g}")
        return number

    def count(self, name: str, default: int, low: int, high: int) -> int:
        return int(self.number(name, default, low, high))

    def text(self, name: str, default: str = "") -> str:
        value = self.take(name, default)
        return default if value is None else str(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """True, or a word for it."""
        return str(self.take(name, default)).strip().lower() in ("true", "1", "yes", "on")

    def lost(self, reasons: Mapping[str, str]) -> list[str]:
        """A line for every setting left over that has a reason and is on; the others share the last line."""
        on = [name for name in self._left if name in reasons and not is_off(self._values[name])]
        told = [f"{name} = {shown(self._values[name])}: {reasons[name]}" for name in on]
        rest = _families([name for name in self._left if name not in on])
        self._left.clear()
        return [*told, f"off, or without a counterpart here: {', '.join(rest)}"] if rest else told


def is_off(value: Any) -> bool:
    """Whether a setting says that there is none of what it sets."""
    return value is None or value is False or str(value).strip().lower() in ("", "none", "off", "[]", "{}", "false")


def _families(names: Sequence[str]) -> list[str]:
    """The names, those with the same first word in one entry where they are many."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.partition("_")[0], []).append(printable(name))
    return [
        entry
        for family, members in found.items()
        for entry in ([f"{printable(family)}_* ({len(members)})"] if len(members) >= _MANY else members)
    ]


def shown(value: Any) -> str:
    """A value for a message, cut where it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True, default=str)
    text = printable(text)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def printable(text: str) -> str:
    """One line without what could steer a terminal or break a comment."""
    joined = " ".join(text.split())
    return "".join(character for character in joined if character.isprintable())
