"""Look up the entries of a catalogue: a folder with one file per entry, whose name is the key in YAML.

Listing a catalogue imports none of its entries, so a schedule can be checked without torch.
"""

import functools
import importlib
import pkgutil
from types import ModuleType
from typing import Any

from render.errors import UnknownNameError


@functools.cache  # called for every frame, and a folder does not change while the program runs
def names(package: ModuleType) -> tuple[str, ...]:
    """The keys of the catalogue `package`, sorted."""
    return tuple(sorted(entry.name for entry in pkgutil.iter_modules(package.__path__)))


def load(package: ModuleType, name: str) -> Any:
    """Import the entry `name` of the catalogue `package`: a module that implements the package's contract.

    Raises:
        UnknownNameError: there is no such file; the message suggests similar names.
    """
    if name not in names(package):
        kind = package.__name__.rpartition(".")[2]
        raise UnknownNameError(kind, name, names(package))
    return importlib.import_module(f"{package.__name__}.{name}")
