"""The files and options that make up one schedule: reads texts, marks where nodes come from, writes all as one text."""

import copy
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from yaml.resolver import Resolver

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.problems import Place
from pipeline.storage.did_you_mean import unreadable
from render.errors import InputError
from render.files.bounded import TooLargeError, read_bounded

MAX_BYTES = 1_000_000


def read_text(path: Path) -> str:
    """The text of a YAML file.

    Raises:
        InputError: the file cannot be read, is not text, or is far too large.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise InputError(f"{path}: is a pipe or a device; expected a file")
        return read_bounded(path, MAX_BYTES).decode("utf-8-sig")
    except TooLargeError as error:
        raise InputError(f"{path}: {error}; is this a schedule?") from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: is a folder; expected a file, or {path / '*.yaml'} for all files in it") from error
    except OSError as error:
        raise InputError(f"{path}: {unreadable(path, error)}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start})") from error


def stamp(root: yaml.Node, source: str) -> None:
    """Mark every node below `root` as coming from `source`."""
    for node in _nodes(root):
        mark = node.start_mark
        node.start_mark = Place(source, mark.index, mark.line, mark.column, None, 0)


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    """Yield every node once, even if aliases repeat it."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def size(root: yaml.Node) -> int:
    """The number of nodes; those that aliases repeat count once."""
    return sum(1 for _ in _nodes(root))


def with_root(document: Value, root: yaml.Node) -> Value:
    """The document with another root, whose nodes may come from several sources."""
    return Value(root, document.path, document.problems)


def written_out(document: Value) -> str:
    """The document as YAML, with all of its sources merged into one text."""
    text: str = yaml.serialize(_tagged(document.node), Dumper=yaml.SafeDumper, allow_unicode=True, width=120)
    return text


def in_one_line(node: yaml.Node) -> str:
    """A node as YAML on one line, for the command line."""
    root = _tagged(node)
    for below in _nodes(root):
        if isinstance(below, yaml.CollectionNode):
            below.flow_style = True
        elif isinstance(below, yaml.ScalarNode) and below.style in ("|", ">"):
            below.style = '"'
    text: str = yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=True, width=math.inf)
    return text.removesuffix("\n").removesuffix("...").removesuffix("\n")


def _tagged(node: yaml.Node) -> yaml.Node:
    """A copy with tags that make the emitter write every scalar as it was written."""
    resolve: Any = Resolver().resolve
    root = copy.deepcopy(node)
    for below in _nodes(root):
        plain = isinstance(below, yaml.ScalarNode) and below.style is None
        kind = yaml.ScalarNode if isinstance(below, yaml.ScalarNode) else type(below)
        below.tag = resolve(kind, below.value if plain else None, (plain, not plain))
    return root
