"""Overrides: values from the command line that replace those of a schedule, such as `--set refine.steps=20`."""

import copy
import re
from collections.abc import Collection, Mapping, Sequence

import yaml

from pipeline.schedule.document.document import Value, compose
from pipeline.schedule.document.sources import stamp, with_root
from render.errors import InputError

OPTION = "--set"
_INDEX = re.compile(r"\[([0-9]{1,6})\]\.?")
_KEY = re.compile(r"[^.\[]+")


def overridden(document: Value, overrides: Sequence[tuple[str, str]]) -> Value:
    """The document with overrides applied: each is a path as in error messages, and the YAML to put there.

    Missing maps on the path are created; an item of a list must exist.

    Raises:
        InputError: a path leads nowhere.
        ScheduleError: a value is not YAML.
    """
    for path, text in overrides:
        source = f"{OPTION} {path}"
        if not path.strip():
            raise InputError(f"--set: expected a path and a value such as refine.steps=20, got '={text}'")
        value = compose(text if text.strip() else "~", source).node
        stamp(value, source)
        document = with_root(document, replaced(document.node, path, value, source))
    return document


def replaced(node: yaml.Node, rest: str, value: yaml.Node, source: str) -> yaml.Node:
    """A copy of `node` with `value` at the path `rest`; everything that is not on the path is shared with the original.

    Raises:
        InputError: the path, which came from `source`, leads nowhere.
    """
    if not rest:
        return value
    if isinstance(node, yaml.SequenceNode) and (match := _INDEX.match(rest)) and int(match[1]) < len(node.value):
        changed = copy.copy(node)
        number = int(match[1])
        item = replaced(node.value[number], rest[match.end() :], value, source)
        changed.value = [*node.value[:number], item, *node.value[number + 1 :]]
        return changed
    if not isinstance(node, yaml.MappingNode) or (key := _key(node, rest)) is None:
        kind = "a list of fewer items" if isinstance(node, yaml.SequenceNode) else "no map"
        raise InputError(f"{source}: there is {kind} at '{rest}'")
    return _with_key(node, key, rest[len(key) :].removeprefix("."), value, source)


def _with_key(node: yaml.MappingNode, key: str, rest: str, value: yaml.Node, source: str) -> yaml.Node:
    changed = copy.copy(node)
    entries = dict(enumerate(node.value))
    here = [number for number, (name, _) in entries.items() if name.value == key]
    if here:
        name, old = entries[here[0]]
        entries[here[0]] = name, replaced(old, rest, value, source)
        changed.value = list(entries.values())
        return changed
    new = replaced(yaml.MappingNode("", [], value.start_mark), rest, value, source)
    changed.value = [*node.value, (yaml.ScalarNode("", key, value.start_mark), new)]
    return changed


def _key(node: yaml.MappingNode, rest: str) -> str | None:
    """The key at the start of `rest`: the longest existing one (1.5s has a dot), else up to a dot or bracket."""
    names = [name.value for name, _ in node.value if isinstance(name, yaml.ScalarNode)]
    there = [name for name in names if name and (rest + ".").startswith((name + ".", name + "["))]
    match = _KEY.match(rest)
    return max(there, key=len) if there else match[0] if match else None


def merged_under(
    own: yaml.Node, fragment: yaml.Node, whole: Collection[str], rivals: Mapping[str, Collection[str]]
) -> yaml.Node:
    """`own` with the entries of `fragment` that it lacks; maps in both are merged, except keys in `whole`.

    Args:
        rivals: by key, the keys of which its map has one: maps with different ones are not merged.
    """
    merged = copy.copy(own)
    merged.value = list(own.value)
    places = {key_name(key): number for number, (key, _) in enumerate(own.value)}
    for key, value in fragment.value:
        if key_name(key) not in places:
            merged.value.append((key, value))
        elif key_name(key) not in whole:
            name, mine = merged.value[places[key_name(key)]]
            if isinstance(mine, yaml.MappingNode) and isinstance(value, yaml.MappingNode):
                known = {key_name(inner) for inner, _ in mine.value}
                chosen = known.intersection(rivals.get(key_name(key), ()))
                if chosen and not chosen.issuperset(
                    {key_name(inner) for inner, _ in value.value}.intersection(rivals[key_name(key)])
                ):
                    continue
                section = copy.copy(mine)
                section.value = [*mine.value, *(pair for pair in value.value if key_name(pair[0]) not in known)]
                merged.value[places[key_name(key)]] = name, section
    return merged


def key_name(key: yaml.Node) -> str:
    return str(key.value) if isinstance(key, yaml.ScalarNode) else ""
