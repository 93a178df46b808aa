"""Readers of maps and plain fields: from a node of the YAML to a section, a text or a word.

A reader takes a `Value` and the schedule's `Clock`. It returns the result or raises `InvalidError`, which says what
was expected and gives an example.
"""

import functools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from pipeline.schedule.document.composer import TextNode
from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.fields.clock import Clock
from pipeline.schedule.fields.shapes import Described, described, settings
from render.errors import suggestion

Reader = Callable[[Value, Clock], Any]

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
BEZIER_HINT = "put quotes around bezier(...)"
TEXT = {"title": "text", "type": ["string", "number"], "pattern": r"\S", "patternErrorMessage": "expected a text"}


def read_section(kind: type, value: Value, clock: Clock) -> Any:
    """Fill the dataclass `kind` from a map; problems are collected, and the fields concerned keep their defaults."""
    return kind(**read_map(setting_readers(kind), value, clock))


def section_reader(kind: type) -> Reader:
    """A reader of maps that fills the dataclass `kind`, see `read_section`."""
    return functools.partial(read_section, kind)


def setting_readers(kind: type) -> dict[str, Reader]:
    """The reader of each setting of the dataclass `kind`, by name."""
    return {entry.name: entry.read for entry in settings(kind)}


def read_map(readers: Mapping[str, Reader], value: Value, clock: Clock) -> dict[str, Any]:
    """Read the known keys of a map; unknown keys and invalid values are collected as problems and left out."""
    read: dict[str, Any] = {}
    with value.problems.collecting():
        for name, key, entry in value.pairs(f"a map with {', '.join(readers)}"):
            with value.problems.collecting():
                if name not in readers:
                    raise InvalidError(key, f"unknown key; {suggestion(name, readers)}")
                read[name] = readers[name](entry, clock)
    return read


def read_entry(read: Reader, entries: Mapping[str, Value], name: str, clock: Clock, default: Any) -> Any:
    """Read the entry `name`; the default if it is missing or invalid, which is collected as a problem."""
    if name in entries:
        with entries[name].problems.collecting():
            return read(entries[name], clock)
    return default


def read_each(read: Reader, values: Sequence[Value], clock: Clock) -> list[Any]:
    """Read every value, so that all problems are collected; raises the last problem, if any."""
    found = []
    wrong: InvalidError | None = None
    for value in values:
        try:
            found.append(read(value, clock))
        except InvalidError as invalid:
            value.problems.add(invalid)
            wrong = invalid
    if wrong is not None:
        raise wrong
    return found


def read_pair(read: Reader, value: Value, clock: Clock, expected: str) -> tuple[Any, Any]:
    """Read a list of two. Raises `InvalidError` if it is not one, or as `read_each` does."""
    both = value.items(expected)
    if len(both) != 2:
        raise value.invalid(expected)
    first, second = read_each(read, both, clock)
    return first, second


@described(TEXT)
def text(value: Value, clock: Clock) -> str:
    expected = "a text"
    scalar = value.scalar(expected)
    if scalar is None or isinstance(scalar, bool) or not str(scalar).strip():
        raise value.invalid(expected)
    prompt = written(value)  # the number 1984 is a valid prompt, too
    if any("\ud800" <= character <= "\udfff" for character in prompt):
        raise InvalidError(value, "contains half a character (a lone surrogate), which is not valid text")
    if _CONTROL.search(prompt):  # ffmpeg's arguments cannot contain a null character, and terminals obey the others
        raise InvalidError(value, "contains a control character; remove it")
    if isinstance(value.node, TextNode) and value.node.cut:
        clock.warn(value, f"'{value.node.cut}' after it is a comment; quote the text if it is part of it")
    return prompt


@described({"type": "boolean"})
def flag(value: Value, clock: Clock) -> bool:
    scalar = value.scalar("true or false")
    if not isinstance(scalar, bool):
        raise value.invalid("true or false")
    return scalar


def choice(known: Collection[str], kind: str = "value", expected: str = "") -> Described[[Value, Clock], str]:
    """A reader of one of the words in `known`; `kind` is what messages call an unknown one."""
    expected = expected or f"one of {', '.join(known)}"

    @described({"enum": list(known)})
    def read(value: Value, clock: Clock) -> str:
        name = value.scalar(expected)
        if not isinstance(name, str):
            raise value.invalid(expected)
        if name not in known:
            raise InvalidError(value, f"unknown {kind} '{name}'; {suggestion(name, known)}")
        return name

    return read


def integer(low: int, high: int) -> Described[[Value, Clock], int]:
    """A reader of whole numbers from `low` to `high`."""

    @described({"type": "integer", "minimum": low, "maximum": high})
    def read(value: Value, clock: Clock) -> int:
        expected = f"a whole number from {low} to {high}"
        scalar = value.scalar(expected)
        if isinstance(scalar, bool) or not isinstance(scalar, int) or not low <= scalar <= high:
            raise value.invalid(expected)
        return scalar

    return read


def parts(value: Value, readers: Mapping[str, Reader], clock: Clock) -> dict[str, Any]:
    """Read a small map such as {to: 1.2/s, ease: out_expo}, whose first key is required.

    Raises:
        InvalidError: the required key is missing or invalid; other problems are collected.
    """
    required, *_ = readers
    found: dict[str, Value] = {}
    unknown: list[InvalidError] = []
    for name, key, entry in value.pairs("a map"):
        if name in readers:
            found[name] = entry
        elif not unknown or not unknown[0].message.endswith(BEZIER_HINT):
            torn = "ease" in found and written(found["ease"]).startswith("bezier(")
            unknown.append(InvalidError(key, f"unknown key; {BEZIER_HINT if torn else suggestion(name, readers)}"))
    if required not in found:  # most likely it is misspelt
        unknown = unknown or [InvalidError(value, f"'{required}' is missing; expected {{{', '.join(readers)}}}")]
        raise unknown[0]
    for invalid in unknown:
        value.problems.add(invalid)
        if invalid.message.endswith(BEZIER_HINT):
            found.pop("ease", None)
    read: dict[str, Any] = {}
    for name, entry in found.items():
        if name != required:
            with value.problems.collecting():
                read[name] = readers[name](entry, clock)
    return {required: readers[required](found[required], clock), **read}


def written(value: Value) -> str:
    """The scalar as text, as in the file but without quotes, so that quoting a rate makes no difference."""
    return str(value.node.value).strip()
