"""The files that a pattern such as clips/*.mp4 names, as values of `variants:`."""

import re
from itertools import islice
from pathlib import Path

import yaml

from pipeline.schedule.document.document import Value
from pipeline.schedule.document.paths import resolve
from pipeline.schedule.document.problems import InvalidError

KEY = "files"
MAX_ENTRIES = 100_000  # of a folder
_LONGEST = 500  # characters of a pattern
_SHOWN = 5  # names in a message
_NUMBER = re.compile(r"([0-9]+)")


class FileNode(yaml.ScalarNode):
    """A file that a pattern has named."""


def is_pattern(value: Value) -> bool:
    """Whether a value is a text with a `*`."""
    return isinstance(value.node, yaml.ScalarNode) and "*" in value.node.value


def matching(value: Value, most: int) -> list[Value]:
    """The files that a pattern names, in natural order, each as a value in its place.

    Only the file's name may contain `*`, which stands for any characters; case matters. Hidden files are left out.

    Raises:
        InvalidError: none or more than `most` match, or it leads outside the schedule's folder.
    """
    written = str(value.scalar("a pattern of files such as clips/*.mp4"))
    above, _, name = written.rpartition("/")
    if "*" not in name or "*" in above or len(written) > _LONGEST:
        raise value.invalid("a pattern of files such as clips/*.mp4, with * only in the file's name")
    base, allow = Path(value.problems.file).parent, value.problems.allow_paths
    try:
        folder = resolve(above or ".", base, allow)
        if not folder.is_dir():
            raise InvalidError(value, f"'{written}': no such folder: {folder}")
        found = [f"{above}/{each}" if above else each for each in _names(folder, name, value)]
        for each in found:
            resolve(each, base, allow)  # a link may lead out of the folder
    except ValueError as error:
        raise InvalidError(value, str(error)) from error
    if len(found) > most:
        raise InvalidError(value, f"'{written}' matches {len(found):,} files; expected at most {most}")
    return [Value(_node(each, value), value.path, value.problems) for each in found]


def _names(folder: Path, name: str, value: Value) -> list[str]:
    pattern = re.compile(".*".join(map(re.escape, re.split(r"\*+", name))), re.DOTALL)
    try:
        entries = [*islice(folder.iterdir(), MAX_ENTRIES + 1)]
    except OSError as error:
        raise InvalidError(value, f"{folder}: cannot be read: {error.strerror or error}") from error
    if len(entries) > MAX_ENTRIES:
        raise InvalidError(value, f"{folder}: contains more than {MAX_ENTRIES:,} files")
    names = sorted((entry.name for entry in entries if _is_shown(entry)), key=_natural)
    found = [each for each in names if pattern.fullmatch(each)]
    if not found:
        have = f"it contains {', '.join(names[:_SHOWN])}" if names else "it is empty"
        raise InvalidError(value, f"no file matches '{name}' in {folder}: {have}")
    return found


def _is_shown(path: Path) -> bool:
    return not path.name.startswith(".") and path.name.isprintable() and path.is_file()


def _natural(name: str) -> tuple[list[str | tuple[int, str]], str]:
    """A key that sorts take2 before take10; names have letters and numbers in turn."""
    parts = _NUMBER.split(name.casefold())
    return [(int(part), part) if number % 2 else part for number, part in enumerate(parts)], name


def _node(path: str, like: Value) -> FileNode:
    """The path as a text in the pattern's place, quoted if it would be read as something else."""
    node = FileNode(like.node.tag, path, like.node.start_mark, like.node.end_mark)
    if not isinstance(Value(node, like.path, like.problems).scalar("a path"), str):
        node.style = "'"
    return node


def shown_names(paths: list[str]) -> list[str]:
    """What files are called among each other: their names without suffix, or with it if two are then alike."""
    stems = [Path(path).stem for path in paths]
    alike = len({stem.casefold() for stem in stems}) < len(stems)
    return [Path(path).name for path in paths] if alike else stems
