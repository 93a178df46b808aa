"""What the schema says of a place in the text: what can be written there, and what is meant by what stands there."""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.curves.functions import FUNCTIONS
from pipeline.schedule.schema import document
from pipeline.studio.text.cursor import Step, Where, where
from pipeline.studio.text.source import Source, Span

Shape = Mapping[str, Any]
MAX_OPTIONS = 200
_TIMES = {"0s": "the start", "50%": "a share of the whole", "4 beats": "beats of the music", "end": "the end"}


@dataclass(frozen=True, kw_only=True)
class Option:
    """Something that can be written: its name, what is inserted, its default or kind, and what it means."""

    label: str
    insert: str
    detail: str = ""
    info: str = ""


@dataclass(frozen=True, kw_only=True)
class Completions:
    """What can be written in place of the range."""

    span: Span
    options: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True)
class Hover:
    """What the setting in the range means."""

    span: Span
    text: str


def completions(text: str, offset: int) -> Completions:
    """What the schema offers at an offset: keys that are not there yet, or values."""
    source = Source(text)
    place = where(source, source.position(offset))
    if place is None:
        return Completions(span=Span(start=offset, end=offset), options=())
    shapes = _shapes_at(place.path)
    found = _keys(shapes, place, source) if place.is_key else _values(shapes)
    unique = {option.label: option for option in reversed(list(found))}
    options = list(reversed(list(unique.values())))[:MAX_OPTIONS]
    return Completions(span=source.span(place.start, place.end), options=tuple(options))


def described_at(text: str, offset: int) -> Hover | None:
    """What the setting at an offset means; None if there is none."""
    source = Source(text)
    position = source.position(offset)
    end = position
    while end < len(source.body) and source.body[end] not in " ,:{}[]\r\n\"'":
        end += 1
    place = where(source, end)
    if place is None or place.start >= end:
        return None
    if source.body[place.start : end].strip() == "":
        return None
    name = source.body[place.start : end]
    path = (*place.path, name) if place.is_key else place.path
    said = _said(path)
    return Hover(span=source.span(place.start, end), text=said) if said else None


def _said(path: tuple[Step, ...]) -> str:
    """The description of the innermost setting of a path, with its range and default; "" if there is none."""
    for length in range(len(path), 0, -1):
        shapes = _shapes_at(path[:length])
        about = next((shape["description"] for shape in shapes if "description" in shape), "")
        if about:
            name = ".".join(str(step) for step in path[:length] if isinstance(step, str))
            return "\n".join(filter(None, (f"{name}\n{about}", _range(shapes), _default(shapes), _expected(shapes))))
    return ""


def _range(shapes: list[Shape]) -> str:
    for shape in _each(shapes):
        low, high = shape.get("minimum"), shape.get("maximum")
        if low is not None and high is not None:
            return f"from {low:g} to {high:g}"
        if low is not None or high is not None:
            return f"at least {low:g}" if high is None else f"at most {high:g}"
        if "exclusiveMinimum" in shape:
            return f"above {shape['exclusiveMinimum']:g}"
    return ""


def _default(shapes: list[Shape]) -> str:
    return next((f"default: {_written(shape['default'])}" for shape in shapes if "default" in shape), "")


def _expected(shapes: list[Shape]) -> str:
    over_time = any("propertyNames" in shape for shape in _each(shapes))
    return "can change over time: an expression, or a map of times" if over_time else ""


def _keys(shapes: list[Shape], place: Where, source: Source) -> Iterator[Option]:
    tail = ": " if place.wants_colon else ""
    for shape in _each(shapes):
        for name, own in shape.get("properties", {}).items():
            if name not in place.around:
                info = next((each["description"] for each in _resolved(own) if "description" in each), "")
                yield Option(label=name, insert=name + tail, detail=_default(list(_resolved(own))), info=info)
        if shape.get("propertyNames", {}).get("$ref", "").endswith("/key"):
            for name, about in {**_TIMES, **_markers(source)}.items():
                yield Option(label=name, insert=(f'"{name}"' if name.startswith("@") else name) + tail, info=about)


def _markers(source: Source) -> dict[str, str]:
    """The markers that the text names, found without reading it as YAML."""
    section = re.search(r"^markers:(.*(?:\r?\n[ \t].*)*)", source.body, re.MULTILINE)
    names = re.findall(r"([A-Za-z_]\w*)\s*:", section[1]) if section else []
    return {f"@{name}": "a marker" for name in names}


def _values(shapes: list[Shape]) -> Iterator[Option]:
    for shape in _each(shapes):
        about = shape.get("description", shape.get("title", ""))
        for value in (*shape.get("enum", ()), *([shape["const"]] if "const" in shape else ())):
            yield Option(label=_written(value), insert=_written(value), info=about)
        if shape.get("type") == "boolean":
            yield from (Option(label=word, insert=word, info=about) for word in ("true", "false"))
        for value in (*shape.get("examples", ()), *([shape["default"]] if "default" in shape else ())):
            if not isinstance(value, Mapping):
                yield Option(label=_written(value), insert=_written(value), detail="example", info=about)
    if any(shape.get("title") == "expression" for shape in _each(shapes)):
        for name, function in FUNCTIONS.items():
            yield Option(label=name, insert=f"{name}(", detail=function.call, info=function.about)


def _written(value: Any) -> str:
    """A plain value in the notation of a schedule."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return "none" if value is None else str(value)


def _shapes_at(path: tuple[Step, ...]) -> list[Shape]:
    """Everything that the schema accepts at a path."""
    found = list(_resolved(_schema()))
    for step in path:
        found = [inner for shape in _each(found) for inner in _below(shape, step)]
    return found


def _below(shape: Shape, step: Step) -> Iterator[Shape]:
    if isinstance(step, int):
        if isinstance(items := shape.get("items"), Mapping):
            yield from _resolved(items)
        return
    properties = shape.get("properties", {})
    if step in properties:
        yield from _resolved(properties[step])
    elif isinstance(others := shape.get("additionalProperties"), Mapping):
        yield from _resolved(others)


def _each(shapes: list[Shape]) -> Iterator[Shape]:
    """The shapes and their alternatives."""
    for shape in shapes:
        yield shape
        for part in shape.get("anyOf", ()):
            yield from _each(list(_resolved(part)))


def _resolved(shape: Shape) -> Iterator[Shape]:
    """The shape, and the one that it refers to."""
    yield shape
    if isinstance(name := shape.get("$ref"), str):
        found = _schema()
        for part in name.removeprefix("#/").split("/"):  # a definition, or a property of one
            found = found[part]
        yield found


@functools.cache
def _schema() -> Shape:
    return document()
