"""Frozen dataclasses as JSON: read one from a request, and describe it as JSON Schema.

One definition serves both, so the description cannot differ from what is accepted.
"""

import dataclasses
import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pipeline.studio.folder.refused import RefusedError

T = TypeVar("T")

_PLAIN: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
}
MOST_ITEMS = 10_000  # of a list in a request


def read(shape: type[T], found: Any, name: str = "the body") -> T:
    """Build a dataclass from parsed JSON.

    Raises:
        RefusedError: something is missing, unknown or of another type; the message names it.
    """
    if not isinstance(found, dict):
        raise RefusedError(400, f"{name}: expected an object")
    hints = get_type_hints(shape)
    fields = {_name(field): field for field in dataclasses.fields(shape)}  # type: ignore[arg-type]
    if unknown := [key for key in found if key not in fields]:
        raise RefusedError(400, f"{name}: unknown key '{unknown[0][:100]}'; expected {', '.join(fields)}")
    made = {}
    for key, field in fields.items():
        if key in found:
            made[field.name] = _value(hints[field.name], found[key], key)
        elif field.default is dataclasses.MISSING:
            raise RefusedError(400, f"{name}: '{key}' is missing")
    return shape(**made)


def schema(shape: Any) -> dict[str, Any]:
    """The JSON Schema of a type."""
    if shape in _PLAIN:
        return dict(_PLAIN[shape])
    if get_origin(shape) is Literal:
        return {"enum": list(get_args(shape))}
    if get_origin(shape) in (Union, types.UnionType):
        return {"anyOf": [schema(part) for part in get_args(shape)]}
    if get_origin(shape) in (list, tuple, Sequence):
        return _list_schema(shape)
    if get_origin(shape) in (dict, Mapping):
        return {"type": "object", "additionalProperties": schema(get_args(shape)[1])}
    assert dataclasses.is_dataclass(shape), shape
    hints = get_type_hints(shape)
    required = [_name(field) for field in dataclasses.fields(shape) if field.default is dataclasses.MISSING]
    described: dict[str, Any] = {
        "type": "object",
        "properties": {_name(field): schema(hints[field.name]) for field in dataclasses.fields(shape)},
        "additionalProperties": False,
    }
    return described | ({"required": required} if required else {})


def _name(field: dataclasses.Field[Any]) -> str:
    """A field's name in JSON, see `pipeline.studio.text.view.as_json`."""
    name: str = field.metadata.get("json", field.name)
    return name


def _list_schema(shape: Any) -> dict[str, Any]:
    parts = get_args(shape)
    if get_origin(shape) is tuple and parts[-1] is not Ellipsis:
        assert len(set(parts)) == 1
        return {"type": "array", "items": schema(parts[0]), "minItems": len(parts), "maxItems": len(parts)}
    return {"type": "array", "items": schema(parts[0])}


def _value(shape: Any, found: Any, name: str) -> Any:
    if get_origin(shape) in (Union, types.UnionType):
        return _one_of(get_args(shape), found, name)
    if get_origin(shape) is Literal:
        if found not in get_args(shape) or isinstance(found, bool):
            raise RefusedError(400, f"'{name}': expected one of {', '.join(map(str, get_args(shape)))}")
        return found
    if get_origin(shape) in (list, tuple, Sequence):
        if not isinstance(found, list) or len(found) > MOST_ITEMS:
            raise RefusedError(400, f"'{name}': expected a list of at most {MOST_ITEMS} entries")
        return tuple(_value(get_args(shape)[0], item, f"{name}[{number}]") for number, item in enumerate(found))
    if dataclasses.is_dataclass(shape):
        return read(shape, found, f"'{name}'")  # type: ignore[arg-type]
    if shape is Any:
        return found
    fits = isinstance(found, int | float) if shape is float else isinstance(found, shape)
    if not fits or (isinstance(found, bool) and shape is not bool):
        raise RefusedError(400, f"'{name}': expected {_named(shape)}")
    return float(found) if shape is float else found


def _one_of(parts: Sequence[Any], found: Any, name: str) -> Any:
    for part in parts:
        try:
            return _value(part, found, name)
        except RefusedError as error:
            last = error
    if len([part for part in parts if part is not type(None)]) == 1 and found is not None:
        return _value(parts[0], found, name)
    raise last


def _named(shape: Any) -> str:
    words = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}
    return words[shape]
