"""How readers describe themselves: the JSON Schema shape of what they accept, and how a value is written in YAML.

`pipeline.schedule.schema` and the tables of docs/schedule.md are generated from this alone. A shape with a title
appears in the schema once, wherever it is used. A function in a shape returns a list that is slow to build.
"""

import ast
import dataclasses
import functools
import importlib.util
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Shape = Mapping[str, Any]


class Shaped(Protocol):
    """A reader that describes what it reads.

    Attributes:
        shape: what it accepts.
        over_time: whether it reads a number that may change over time.
    """

    @property
    def shape(self) -> Shape: ...

    @property
    def over_time(self) -> bool: ...

    def shown(self, value: Any, /) -> Any:
        """A value that it has read, in the notation of a schedule."""

    def __call__(self, value: Any, clock: Any, /) -> Any: ...


def plain(value: Any) -> Any:
    """A value that needs no special notation: a whole float without its fraction, a tuple as a list."""
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True, kw_only=True)
class Described(Generic[P, T]):
    """A function that reads, together with its description as in `Shaped`."""

    read: Callable[P, T]
    shape: Shape
    shown: Callable[[Any], Any] = plain
    over_time: bool = False

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.read(*args, **kwargs)


def described(
    shape: Shape, shown: Callable[[Any], Any] = plain, over_time: bool = False
) -> Callable[[Callable[P, T]], Described[P, T]]:
    """A decorator that adds a description to a reader."""
    return lambda read: Described(read=read, shape=shape, shown=shown, over_time=over_time)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A key of a section: its reader, its default, and one line about it."""

    name: str
    read: Shaped
    default: Any
    about: str
    required: bool = False

    @property
    def written_default(self) -> Any:
        """The default in the notation of a schedule; None if there is none."""
        return None if self.default is None else self.read.shown(self.default)

    @property
    def shape(self) -> Shape:
        found = about(self.read.shape, self.about)
        return found if self.default is None else {**found, "default": self.written_default}


def setting(read: Shaped, default: Any, about: str) -> Any:
    """A dataclass field that a schedule can set, described by a `Setting`."""
    return dataclasses.field(default=default, metadata={"read": read, "about": about})


def settings(kind: type) -> tuple[Setting, ...]:
    """The settings of the dataclass `kind`, in order."""
    return tuple(
        Setting(name=entry.name, default=entry.default, **entry.metadata)
        for entry in dataclasses.fields(kind)
        if entry.metadata
    )


def about(shape: Shape, description: str) -> Shape:
    """The shape with a description of its meaning in this place."""
    return {"description": description, **({"$ref": shape} if "title" in shape else shape)}


def one_of(*shapes: Shape) -> Shape:
    """The shape of whatever matches one of the shapes."""
    parts = [[shape] if "title" in shape else shape.get("anyOf", [shape]) for shape in shapes]
    return {"anyOf": [part for several in parts for part in several]}


def map_of(shapes: Mapping[str, Shape], required: Collection[str] = ()) -> Shape:
    """The shape of a map with these keys and no others."""
    needs = {"required": list(required)} if required else {}
    return {"type": "object", "properties": dict(shapes), **needs, "additionalProperties": False}


def section(title: str, description: str, entries: Collection[Setting]) -> Shape:
    """The shape of a section of a schedule, such as `motion:`."""
    shapes = {entry.name: entry.shape for entry in entries}
    required = [entry.name for entry in entries if entry.required]
    return {"title": title, "description": description, **map_of(shapes, required)}


def two_of(read: Shaped) -> Shape:
    """The shape of a list of two values."""
    return {"type": "array", "items": read.shape, "minItems": 2, "maxItems": 2}


def list_of(item: Shape, most: int) -> Shape:
    """The shape of a list of 1 to `most` items."""
    return {"type": "array", "items": item, "minItems": 1, "maxItems": most}


def written_as(pattern: str, expected: str) -> Shape:
    """The shape of a text that matches `pattern`, which must be portable between regular expression engines."""
    return {"type": "string", "pattern": rf"^\s*(?:{pattern})\s*$", "patternErrorMessage": f"expected {expected}"}


@functools.cache
def headline(package: ModuleType, name: str) -> str:
    """The first line of the docstring of the entry `name` of a catalogue; the entry is not imported."""
    spec = importlib.util.find_spec(f"{package.__name__}.{name}")
    assert spec is not None
    assert spec.origin is not None
    docstring = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    return (docstring or "").split("\n")[0].removesuffix(".")
