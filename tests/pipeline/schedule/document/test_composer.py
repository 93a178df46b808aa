"""The tree of a document, from either parser, and the limits that every document must keep."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.schedule.document import composer
from pipeline.schedule.document.composer import MAX_DEPTH, MAX_ENTRIES, MAX_KEY, MAX_TEXT, NotYamlError, compose

ROOT = Path(__file__).parents[4]
SCHEDULES = sorted((ROOT / "schedules").glob("*.yaml"))
LONG = "#\n" * composer.SLOW_IS_FINE  # makes a document long enough for libyaml

needs_libyaml = pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML has no libyaml here")


def tree(node: yaml.Node | None, lines: int = 0) -> Any:
    """A node as plain tuples with its position; `lines` is how many lines above it are not counted."""
    if node is None:
        return None
    mark: Any = node.start_mark
    place = (mark.line - lines, mark.column)
    if isinstance(node, yaml.ScalarNode):
        empty = not node.style and not node.value  # the parsers place an empty node on different sides
        return ("nothing",) if empty else (place, bool(node.style), node.value)
    if isinstance(node, yaml.MappingNode):
        return place, "map", [(tree(key, lines), tree(value, lines)) for key, value in node.value]
    return place, "list", [tree(item, lines) for item in node.value]


def by_pyyaml(text: str) -> Any:
    return tree(yaml.compose(text, Loader=yaml.SafeLoader))


@pytest.mark.parametrize("path", SCHEDULES, ids=lambda path: path.stem)
def test_the_tree_is_that_of_pyyaml(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert tree(compose(text)) == by_pyyaml(text)


@needs_libyaml
@pytest.mark.parametrize("path", SCHEDULES, ids=lambda path: path.stem)
def test_a_long_document_gives_the_same_tree(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert tree(compose(LONG + text), LONG.count("\n")) == by_pyyaml(text)


MARKS = (
    *("a", "é", "—", "𝄞", "1.5s", "50%", "~", "@m", "\\n", "\n", "\n  ", "\n    ", "#x\n", "|\n", ">\n"),
    *("b: ", "0: ", "key: ", "<<: ", "- ", "? ", ": ", ", ", "[", "]", "{", "}", "'", '"', "&x ", "*x", "!t "),
)
PIECES = st.lists(st.sampled_from(MARKS), max_size=12).map("".join)


@needs_libyaml
@settings(max_examples=500, deadline=None)
@given(PIECES)
def test_both_parsers_make_the_same_tree_of_what_both_can_read(text: str) -> None:
    try:
        slow, fast = compose(text), compose(LONG + text)
    except NotYamlError:
        return
    assert tree(fast, LONG.count("\n")) == tree(slow)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(max_size=60), PIECES))
def test_any_text_raises_only_not_yaml_error(text: str) -> None:
    for whole in (text, LONG + text):
        with contextlib.suppress(NotYamlError):
            compose(whole)


def reported(text: str) -> tuple[int, int, str]:
    with pytest.raises(NotYamlError) as caught:
        compose(text)
    return caught.value.line, caught.value.column, caught.value.message


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def bomb(levels: int) -> str:
    lines = [f"a0: &a0 [{'x, ' * 10}]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels))]
    return "\n".join(lines) + "\n"


def test_depth_is_bounded() -> None:
    assert compose(nested(MAX_DEPTH)) is not None
    message = f"nested too deeply: more than {MAX_DEPTH} levels of maps and lists"
    assert reported(nested(MAX_DEPTH + 1)) == (1, MAX_DEPTH + 1, message)
    assert reported(LONG + "- " * 200_000)[2] == message
    assert reported(LONG + "{a: " * 200_000)[2] == message
    assert reported("".join(" " * depth + "a:\n" for depth in range(MAX_DEPTH + 1)) + " " * 40 + "b: 1")[2] == message


def test_entries_are_bounded() -> None:
    assert compose("[" + "1," * (MAX_ENTRIES - 1) + "]") is not None
    line, column, message = reported("[" + "1," * MAX_ENTRIES + "]")
    assert (line, column) == (1, 2 * MAX_ENTRIES)
    assert message == f"more than {MAX_ENTRIES:,} entries, counting repetitions by aliases"


def test_entries_are_counted_as_often_as_aliases_repeat_them() -> None:
    assert compose(bomb(4)) is not None
    assert reported(bomb(5))[2].startswith(f"more than {MAX_ENTRIES:,} entries")
    assert reported(bomb(60))[0] == reported(bomb(5))[0]  # stops as soon as the limit is exceeded


def test_a_text_repeated_counts_by_its_length() -> None:
    text = "a: &a " + "x" * MAX_TEXT + "\nb: ["
    assert compose(text + "*a, " * 100 + "]") is not None
    assert reported(text + "*a, " * 5000 + "]")[2].startswith("more than")


@pytest.mark.parametrize("kind", ["", "'", '"'])
def test_texts_are_bounded(kind: str) -> None:
    assert compose(f"a: {kind}{'x' * MAX_TEXT}{kind}") is not None
    assert reported(f"a: {kind}{'x' * (MAX_TEXT + 1)}{kind}") == (1, 4, f"a text of more than {MAX_TEXT:,} characters")


@pytest.mark.parametrize("written", ["{}: 1", "? {}\n: 1", "a: &k {}\n*k : 1"])
def test_keys_are_bounded_however_they_are_written(written: str) -> None:
    assert compose(written.format("x" * MAX_KEY)) is not None
    assert reported(written.format("x" * (MAX_KEY + 1)))[2] == f"a key of more than {MAX_KEY} characters"


def test_tag_directives_are_bounded() -> None:
    directives: Callable[[int], str] = lambda count: "".join(f"%TAG !{n}! tag:x:\n" for n in range(count)) + "---\na: 1"  # noqa: E731
    assert compose(directives(100)) is not None
    assert reported(directives(101)) == (1, 1, "more than 100 %TAG directives; a schedule needs none")


@pytest.mark.parametrize(
    ("text", "place"),
    [("a: &a [*a]", (1, 8)), ("a: &a {b: *a}", (1, 11)), ("&a [1, [*a]]", (1, 9)), ("a: *b\nb: &b 1", (1, 4))],
)
@pytest.mark.parametrize("above", ["", LONG])
def test_an_alias_before_its_anchor_is_refused(text: str, place: tuple[int, int], above: str) -> None:
    line, column, message = reported(above + text)
    assert (line - above.count("\n"), column) == place
    assert "alias" in message


def test_an_anchor_must_not_be_defined_twice() -> None:
    assert reported("a: &x 1\nb: &x 2\n") == (2, 4, "the anchor 'x' is defined twice; rename one of them")


def test_tags_and_merge_keys_are_ignored() -> None:
    root = compose("a: !!python/object/apply:os.system [ls]\nb: {<<: *c}\n".replace("*c", "1"))
    assert tree(root) == ((0, 0), "map", [
        (((0, 0), False, "a"), ((0, 3), "list", [((0, 36), False, "ls")])),
        (((1, 0), False, "b"), ((1, 3), "map", [(((1, 4), False, "<<"), ((1, 8), False, "1"))])),
    ])  # fmt: skip


@pytest.mark.parametrize("text", ["a\0b", "\x1b[2J", "a: \ud800", "a: \ufffe", "\x7f", "a: \x9b"])
@pytest.mark.parametrize("above", ["", LONG])
def test_forbidden_characters_are_reported_with_their_place(text: str, above: str) -> None:
    bad = next(number for number, character in enumerate(text) if character not in "a: b[2J")
    assert reported(above + text) == (above.count("\n") + 1, bad + 1, "a character that YAML does not allow")


@pytest.mark.parametrize("above", ["", LONG])
def test_either_parser_suggests_quotes_for_a_reserved_character(above: str) -> None:
    assert reported(above + "a: {@drop: 3}\n")[2].endswith("; put quotes around the text that starts with it")


@pytest.mark.parametrize("above", ["", LONG])
def test_either_parser_suggests_quotes_for_a_pattern_of_files(above: str) -> None:
    assert reported(above + "a: {b: *.png}\n")[2].endswith("; put quotes around a text that starts with *")
