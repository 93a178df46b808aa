"""Settings by name that record which ones were read; the others are reported, never dropped silently."""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.importers.notations.source import Source
from pipeline.importers.notes import Effect, Note, effect
from render.errors import InputError

_SHOWN = 60
_MANY = 5
_NAMED = 3  # how many settings with the same reason are listed with their values
_BEGINS_MAP = re.compile(r"""\{\s*(["']|-?[0-9]+\s*:)""")
_BEGINS_LIST = re.compile(r"""\[\s*(["'{\[]|-?[0-9.]+\s*[,\]])""")
_LITERAL_ERRORS = (ValueError, TypeError, SyntaxError, RecursionError, MemoryError)


class Settings:
    """The settings of a source, read one by one.

    Reading a setting marks it as converted or reported; `not_converted` reports those that were never read.
    """

    def __init__(self, source: Source, kind: str, values: Mapping[str, Any] | None = None) -> None:
        self._source, self._kind = source, kind
        self._values = source.settings if values is None else values
        self._unread = dict.fromkeys(self._values)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    @property
    def source(self) -> Source:
        return self._source

    def error(self, name: str, message: str) -> InputError:
        return self._source.error(f"{self._kind}: {name}: {message}")

    def read(self, name: str, default: Any = None) -> Any:
        """Return the value of a setting and mark it as read."""
        self._unread.pop(name, None)
        return self._values.get(name, default)

    def first_given(self, *names: str) -> str:
        """Return the first of a setting's alternative names that has a value; every name tried is marked as read.

        If none has a value, this is the last name, which is the tool's own.
        """
        given = [name for name in names if self.read(name) is not None]
        return given[0] if given else names[-1]

    def number(self, name: str, default: float, low: float = -1e9, high: float = 1e9) -> float:
        """Read a number within a range; it may be written as a text."""
        value = self.read(name)
        value = default if value is None else value
        try:
            if isinstance(value, bool | list | dict):
                raise TypeError
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise self.error(name, f"expected a number, got {shown(value)}") from None
        if not low <= number <= high:
            raise self.error(name, f"expected a number from {low:g} to {high:g}, got {number:g}")
        return number

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        return int(self.number(name, default, low, high))

    def text(self, name: str, default: str = "") -> str:
        value = self.read(name)
        return default if value is None else str(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """Read a boolean, which may be written as a word."""
        return str(self.read(name, default)).strip().lower() in ("true", "1", "yes", "on")

    def structured(self, name: str) -> Any:
        """Read a setting that may be a map or a list, which may be written in a text as JSON or Python.

        Raises:
            InputError: the text begins like a map or a list but is not a valid one.
        """
        value = self.read(name)
        text = value.strip() if isinstance(value, str) else ""
        if not (_BEGINS_MAP.match(text) or _BEGINS_LIST.match(text)):
            return value
        try:
            return json.loads(text)
        except (ValueError, RecursionError, MemoryError) as error:
            try:
                return ast.literal_eval(text)
            except _LITERAL_ERRORS:
                place = (
                    f"line {error.lineno}: {error.msg}"
                    if isinstance(error, json.JSONDecodeError)
                    else "nested too deeply"
                )
                raise self.error(name, f"invalid JSON: {place}") from None

    def pair(self, name: str, default: tuple[int, int]) -> tuple[int, int]:
        """Read two whole numbers. Raises `InputError` for anything else."""
        value = self.structured(name)
        if value is None:
            return default
        if not (isinstance(value, list | tuple) and len(value) == 2 and all(type(side) is int for side in value)):
            raise self.error(name, f"expected two numbers such as {list(default)}, got {shown(value)}")
        return value[0], value[1]

    def keyframes(self, name: str, default: str) -> str:
        """Read a keyframe string; a number, a map of frames or a missing value is converted to one.

        Raises:
            InputError: the setting is anything else.
        """
        value = self.structured(name)
        if isinstance(value, Mapping):
            return ", ".join(f"{frame}: ({inside})" for frame, inside in value.items()) or default
        if isinstance(value, bool | list | tuple | set):
            raise self.error(name, f"expected keys such as 0: (1), 10: (1.05), got {shown(value)}")
        if isinstance(value, int | float):
            return f"0: ({value})"
        return str(value).strip() or default if value is not None else default

    def is_on(self, name: str) -> bool:
        """Whether a setting switches something on; this does not count as reading it."""
        return not is_off(self._values.get(name)) and str(self._values[name]).strip() != "0"

    def equals(self, name: str, word: str) -> bool:
        """Whether a setting is that word, ignoring case; this does not count as reading it."""
        return str(self._values.get(name)).strip().lower() == word

    def ignore(self, pattern: re.Pattern[str]) -> None:
        """Mark the settings whose whole name matches as read, because they cannot change the picture."""
        for name in [name for name in self._unread if pattern.fullmatch(name)]:
            del self._unread[name]

    def not_converted(self, reasons: Mapping[str, str]) -> list[str]:
        """Report settings that are on but not converted, one line per reason; those without one share the last line."""
        on = [name for name in self._unread if not is_off(self._values[name])]
        known: dict[str, list[str]] = {}
        for name in on:
            if name in reasons:
                known.setdefault(reasons[name], []).append(name)
        lines: list[str] = [
            Note(f"{self._listed(names)}: {reason}", effect(reason, Effect.DETAIL)) for reason, names in known.items()
        ]
        rest = _families([name for name in on if name not in reasons])
        self._unread.clear()
        last = f"settings without a counterpart here: {', '.join(rest)}"
        return [*lines, Note(last, Effect.REST)] if rest else lines

    def _listed(self, names: Sequence[str]) -> str:
        if len(names) > _NAMED:
            return ", ".join(_families(names))
        return ", ".join(f"{single_line(name)} = {shown(self._values[name])}" for name in names)


def is_off(value: Any) -> bool:
    """Whether a value is empty or switches the setting off."""
    return (
        value is None
        or value is False
        or str(value).strip().lower() in ("", "none", "off", "[]", "{}", "false", "disabled")
    )


def _families(names: Sequence[str]) -> list[str]:
    """Group the names: many with the same first word become one entry."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.partition("_")[0], []).append(single_line(name))
    return [
        entry
        for family, members in found.items()
        for entry in ([f"{single_line(family)}_* ({len(members)})"] if len(members) >= _MANY else members)
    ]


def shown(value: Any) -> str:
    """Format a value for a message; a long one is cut."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True, default=str)
    text = single_line(text)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def single_line(text: str) -> str:
    """The text on one line, without characters that could control a terminal or break a comment."""
    joined = " ".join(text.split())
    return "".join(character for character in joined if character.isprintable())
