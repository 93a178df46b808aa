"""What a reader says of itself: the shape of what it reads, as JSON Schema, and how a value of it is written.

`pipeline.schedule.schema` and the tables of docs/schedule.md are made of nothing else. A shape with a title
stands in the schema once, wherever it is used; a function in a shape gives a list that is long to make.
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
    """A reader that says what it reads.

    Attributes:
        shape: what it accepts.
        over_time: it reads a number that may change over time.
    """

    @property
    def shape(self) -> Shape: ...

    @property
    def over_time(self) -> bool: ...

    def shown(self, value: Any, /) -> Any:
        """A value of it as a schedule writes it."""

    def __call__(self, value: Any, clock: Any, /) -> Any: ...


def plain(value: Any) -> Any:
    """A value that is written as it is: a whole float without its fraction, a tuple as a list."""
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True, kw_only=True)
class Described(Generic[P, T]):
    """A function that reads, and what `Shaped` says of it."""

    read: Callable[P, T]
    shape: Shape
    shown: Callable[[Any], Any] = plain
    over_time: bool = False

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.read(*args, **kwargs)


def described(
    shape: Shape, shown: Callable[[Any], Any] = plain, over_time: bool = False
) -> Callable[[Callable[P, T]], Described[P, T]]:
    """Let a reader say what it reads."""
    return lambda read: Described(read=read, shape=shape, shown=shown, over_time=over_time)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A key of a section: how it is read, what it is without, one line about it."""

    name: str
    read: Shaped
    default: Any
    about: str
    required: bool = False

    @property
    def written_default(self) -> Any:
        """The default as a schedule writes it; None where there is none."""
        return None if self.default is None else self.read.shown(self.default)

    @property
    def shape(self) -> Shape:
        found = about(self.read.shape, self.about)
        return found if self.default is None else {**found, "default": self.written_default}


def setting(read: Shaped, default: Any, about: str) -> Any:
    """A dataclass field that a schedule may set, as a `Setting`."""
    return dataclasses.field(default=default, metadata={"read": read, "about": about})


def settings(kind: type) -> tuple[Setting, ...]:
    """The settings of the dataclass `kind`."""
    return tuple(
        Setting(name=entry.name, default=entry.default, **entry.metadata)
        for entry in dataclasses.fields(kind)
        if entry.metadata
    )


def about(shape: Shape, description: str) -> Shape:
    """The shape with a line about what it stands for here."""
    return {"description": description, **({"$ref": shape} if "title" in shape else shape)}


def one_of(*shapes: Shape) -> Shape:
    """Whatever fits one of the shapes."""
    parts = [[shape] if "title" in shape else shape.get("anyOf", [shape]) for shape in shapes]
    return {"anyOf": [part for several in parts for part in several]}


def map_of(shapes: Mapping[str, Shape], required: Collection[str] = ()) -> Shape:
    """A map of these keys and no others."""
    needs = {"required": list(required)} if required else {}
    return {"type": "object", "properties": dict(shapes), **needs, "additionalProperties": False}


def section(title: str, description: str, entries: Collection[Setting]) -> Shape:
    """A section of a schedule, such as `motion:`."""
    shapes = {entry.name: entry.shape for entry in entries}
    required = [entry.name for entry in entries if entry.required]
    return {"title": title, "description": description, **map_of(shapes, required)}


def two_of(read: Shaped) -> Shape:
    """A list of two."""
    return {"type": "array", "items": read.shape, "minItems": 2, "maxItems": 2}


def list_of(item: Shape, most: int) -> Shape:
    """A list of at least one."""
    return {"type": "array", "items": item, "minItems": 1, "maxItems": most}


def written_as(pattern: str, expected: str) -> Shape:
    """A text of this pattern, which every editor's regular expressions must know."""
    return {"type": "string", "pattern": rf"^\s*(?:{pattern})\s*$", "patternErrorMessage": f"expected {expected}"}


@functools.cache
def headline(package: ModuleType, name: str) -> str:
    """The first line of what the entry `name` of a catalogue says of itself, which is not imported for it."""
    spec = importlib.util.find_spec(f"{package.__name__}.{name}")
    assert spec is not None
    assert spec.origin is not None
    said = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    return (said or "").split("\n")[0].removesuffix(".")
