"""The names of ImageNet's thousand classes, in the order of their numbers. No torch here."""

from __future__ import annotations

import ast
import functools
import importlib.util
from pathlib import Path

from render.errors import InputError, UnknownNameError


@functools.cache
def imagenet_classes() -> tuple[str, ...]:
    """Return the names that the installed open_clip gives the classes, without importing it (it imports torch)."""
    found = importlib.util.find_spec("open_clip")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).with_name("zero_shot_metadata.py")
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", "") == "IMAGENET_CLASSNAMES":
            return tuple(ast.literal_eval(statement.value))
    raise AssertionError(f"{path}: no IMAGENET_CLASSNAMES")


def class_number(written: str, num_classes: int) -> int:
    """Return the number of a class: of its name, of an ImageNet class, or as it is written.

    Raises:
        InputError: there is no such class; the message suggests a similar name.
    """
    if written.isdecimal():
        if int(written) >= num_classes:
            raise InputError(f"class {written}: expected at most {num_classes - 1}")
        return int(written)
    names = imagenet_classes() if num_classes == 1000 else ()
    if written not in names:
        hint = f"expected a number from 0 to {num_classes - 1}" + (
            ", or the name of an ImageNet class" if names else ""
        )
        raise UnknownNameError("class", written, names, hint)
    return names.index(written)
