"""Validate the settings in a stranger's config: known keys with bounded values only. No torch here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from render.errors import suggestion

# Maps a value to what was expected instead, or "" if the value is valid.
Rule = Callable[[object], str]
Rules = Mapping[str, "Rule | Rules"]


class RefusedSettingError(ValueError):
    """A setting is unknown or out of bounds; `keys` is its path."""

    def __init__(self, keys: tuple[str, ...], message: str) -> None:
        self.keys = keys
        super().__init__(f"{'.'.join(keys)}: {message}")


def whole(low: int, high: int) -> Rule:
    """A whole number in a range."""

    def check(value: object) -> str:
        fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return "" if fits else f"expected a whole number from {low} to {high}"

    return check


def real(low: float, high: float) -> Rule:
    """A number in a range."""

    def check(value: object) -> str:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        return "" if fits else f"expected a number from {low:g} to {high:g}"

    return check


def one_of(*known: str) -> Rule:
    """One of the given words."""
    return lambda value: "" if value in known and isinstance(value, str) else f"expected one of: {', '.join(known)}"


def matching(pattern: str, expected: str) -> Rule:
    """A text that matches a pattern."""

    def check(value: object) -> str:
        fits = isinstance(value, str) and len(value) <= 200 and re.fullmatch(pattern, value)
        return "" if fits else f"expected {expected}"

    return check


def list_of(item: Rule, least: int, most: int) -> Rule:
    """A list of `least` to `most` entries."""

    def check(value: object) -> str:
        if not isinstance(value, list) or not least <= len(value) <= most:
            return f"expected a list of {least} to {most} entries"
        return next(filter(None, map(item, value)), "")

    return check


def either(*rules: Rule) -> Rule:
    """Any value that one of the rules allows."""

    def check(value: object) -> str:
        complaints = [rule(value) for rule in rules]
        return "" if "" in complaints else " or ".join(text.removeprefix("expected ") for text in complaints)

    return check


def flag(value: object) -> str:
    """True or false."""
    return "" if isinstance(value, bool) else "expected true or false"


def nothing(value: object) -> str:
    """Null."""
    return "" if value is None else "expected null"


def false_only(value: object) -> str:
    """False: weights come from the checkpoint alone."""
    return "" if value is False or value is None else "expected false: weights come from the checkpoint alone"


def size(most: int) -> Rule:
    """One side of a picture, or both sides."""
    return either(whole(1, most), list_of(whole(1, most), 2, 2))


def require_known(found: Mapping[str, Any], rules: Rules, keys: tuple[str, ...] = ()) -> None:
    """Check a config against the rules. Raises `RefusedSettingError` at the first setting that they do not allow."""
    for key, value in found.items():
        place = (*keys, key)
        rule = rules.get(key)
        if rule is None:
            raise RefusedSettingError(place, f"unknown setting, refused; {suggestion(key, rules)}")
        if callable(rule):
            if expected := rule(value):
                raise RefusedSettingError(place, f"{expected}, got {_shown(value)}")
        elif isinstance(value, Mapping):
            require_known(value, rule, place)
        else:
            raise RefusedSettingError(place, f"expected a map, got {_shown(value)}")


def place_of(text: str, keys: tuple[str, ...]) -> str:
    """Return line and column of a setting, from 1. JSON is parsed as YAML, whose parser records positions."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):  # tabs, for example, are not valid YAML
        return "1:1"
    mark = node.start_mark if node is not None else None
    for key in keys:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        entry = next(((name, value) for name, value in pairs if name.value == key), None)
        if entry is None:
            break
        mark, node = entry[0].start_mark, entry[1]
    return f"{mark.line + 1}:{mark.column + 1}" if mark is not None else "1:1"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
