"""`variants:` of a schedule: a matrix of values, each combination of which is rendered as a run of its own."""

import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import yaml

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.file_patterns import KEY as FILES
from pipeline.schedule.document.file_patterns import FileNode, is_pattern, matching, shown_names
from pipeline.schedule.document.overrides import replaced
from pipeline.schedule.document.problems import InvalidError
from pipeline.schedule.document.sources import in_one_line, size, with_root
from pipeline.storage.naming import safe
from render.errors import InputError

KEY = "variants"
MAX_VALUES, MAX_VARIANTS = 100, 1000
MAX_ENTRIES = 300_000

_EXPECTED = "a map of paths to lists of values such as output.seed: [1, 2, 3]"
_LONGEST_FILE = 60  # characters of a file's name
_SHORT = re.compile(r"[\w.-]{1,24}")
_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One combination: its folder name, and its values in the form that `--set` takes."""

    name: str
    overrides: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """The varying paths, each with its values; empty if nothing varies."""

    values: dict[str, list[Value]]

    def first(self, document: Value) -> Value:
        """The document with the first value at every path."""
        for path, values in self.values.items():
            document = _with(document, path, values[0])
        return document

    def others(self, document: Value, chosen: Collection[str] = ()) -> list[Value]:
        """The document once for every other value, with first values at the other paths.

        Args:
            chosen: paths with a chosen value; their other files are then not read, which may be a hundred clips.
        """
        return [
            _with(document, path, value)
            for path, values in self.values.items()
            for value in values[1:]
            if path not in chosen or not isinstance(value.node, FileNode)
        ]

    def variants(self) -> tuple[Variant, ...]:
        """Every combination; the last path varies fastest."""
        if not self.values:
            return ()
        labels = [path.rpartition(".")[2] for path in self.values]
        labels = labels if len(set(labels)) == len(labels) else list(self.values)
        texts = [[in_one_line(value.node) for value in values] for values in self.values.values()]
        names = [_names(values, written) for values, written in zip(self.values.values(), texts, strict=True)]
        found: list[Variant] = []
        for numbers in itertools.product(*(range(len(choices)) for choices in texts)):
            chosen = [choices[number] for choices, number in zip(texts, numbers, strict=True)]
            parts = [
                f"{label}-{choices[number]}" for label, choices, number in zip(labels, names, numbers, strict=True)
            ]
            name = safe(re.sub(r"[^\w.-]", "-", "_".join(parts)))
            if any(name == other.name for other in found):  # a value 1, and number 1 for a value too long to show
                name = safe(f"{name}_{len(found) + 1}")
            found.append(Variant(name=name, overrides=tuple(zip(self.values, chosen, strict=True))))
        return tuple(found)


def read_matrix(document: Value, fixed: Collection[str]) -> tuple[Value, Matrix]:
    """Split the document into one without `variants:` and the matrix; problems are collected.

    Args:
        fixed: keys of the document that cannot vary.
    """
    if KEY not in document.entries():
        return document, Matrix(values={})
    root = yaml.MappingNode(document.node.tag, [], document.node.start_mark)
    root.value = [pair for pair in document.node.value if pair[0].value != KEY]
    section = next(value for name, _, value in document.pairs(_EXPECTED) if name == KEY)
    values: dict[str, list[Value]] = {}
    with document.problems.collecting():
        for path, key, entry in section.pairs(_EXPECTED):
            with document.problems.collecting():
                values[path] = _choices(path, key, entry, fixed)
        count = math.prod(map(len, values.values()))
        if count > MAX_VARIANTS or sum(map(len, values.values())) > MAX_VALUES:
            raise InvalidError(
                section, f"expected at most {MAX_VARIANTS:,} variants of {MAX_VALUES} values, got {count:,}"
            )
        if (read := sum(map(len, values.values())) * size(root)) > MAX_ENTRIES:
            raise InvalidError(
                section, f"too many values for a schedule of this length: {read:,} entries would be read"
            )
    bare = with_root(document, root)
    for path in list(values):
        try:
            _with(bare, path, values[path][0])
        except InputError as error:
            bare.problems.add(InvalidError(values[path][0], str(error)))
            del values[path]
    return bare, Matrix(values=values)


def _choices(path: str, key: Value, entry: Value, fixed: Collection[str]) -> list[Value]:
    if path.split(".")[0].split("[")[0] in ("", *fixed):
        raise InvalidError(key, "cannot vary")
    choices = _listed(path, entry)
    texts = [in_one_line(choice.node) for choice in choices]
    for number, (choice, text) in enumerate(zip(choices, texts, strict=True)):
        if text in texts[:number]:
            raise InvalidError(choice, "this value appears twice; remove one of them")
    if not choices:
        raise entry.invalid("a list of values such as [1, 2, 3]")
    return choices


def _listed(path: str, entry: Value) -> list[Value]:
    """The values, with the files that patterns name: a pattern in place of the list, or maps with `files` in it."""
    if is_pattern(entry):
        if path.split(".")[-1] == "images":
            message = "a pattern of numbered pictures is one value; write a list such as [a/*.png, b/*.png]"
            raise InvalidError(entry, message)
        return matching(entry, MAX_VALUES)
    items = [entry] if entry.is_map else entry.items("a list of values such as [1, 2, 3]")
    found: list[Value] = []
    for item in items:
        given = item.entries()
        found += matching(given[FILES], MAX_VALUES) if [*given] == [FILES] else [item]
    if entry.is_map and found == [entry]:
        raise entry.invalid("a list of values such as [1, 2, 3]")
    return found


def _names(values: list[Value], texts: list[str]) -> list[str]:
    """The part of a variant's name for each value: the value itself if it is short, else its number.

    If two look alike, also when case is ignored as some file systems do, both are numbered.
    """
    files = [value.node.value for value in values if isinstance(value.node, FileNode)]
    called = dict(zip(files, shown_names(files), strict=True))
    shown = [_shown(value.node, text, called) for value, text in zip(values, texts, strict=True)]
    alike = Counter(name.casefold() for name in shown)
    return [name if name and alike[name.casefold()] == 1 else str(number) for number, name in enumerate(shown, start=1)]


def _shown(node: yaml.Node, text: str, called: Mapping[str, str]) -> str:
    """A value as a part of a name; "" if it is too long for that. `called` are the names of files."""
    if isinstance(node, FileNode):
        return _UNSAFE.sub("-", called[node.value])[:_LONGEST_FILE].strip("-.")
    if _SHORT.fullmatch(text):
        return text
    plain = _UNSAFE.sub("-", str(node.value)).strip("-.") if isinstance(node, yaml.ScalarNode) else ""
    return plain if _SHORT.fullmatch(plain) else ""


def _with(document: Value, path: str, value: Value) -> Value:
    return with_root(document, replaced(document.node, path, value.node, f"{KEY}.{path}"))
