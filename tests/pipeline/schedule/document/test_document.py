"""YAML 1.2 scalars, positions, and what is not a schedule at all."""

import pytest
import yaml

from pipeline.schedule.document.document import Scalar, Value, compose
from pipeline.schedule.document.problems import InvalidError, Problems
from render.errors import Problem, ScheduleError


def first(text: str) -> Value:
    """The value of the only key of a map."""
    return next(iter(compose(text, "a.yaml").pairs("a map")))[2]


def scalar(text: str) -> Scalar:
    return first(f"key: {text}\n").scalar("a scalar")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *(("1e-3", 0.001), ("1E3", 1000.0), ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("-1.5e+2", -150.0), ("+.5", 0.5)),
        *(("0", 0), ("-0", 0), ("+7", 7), ("007", 7), ("-12", -12), ("12345678901234567890", 12345678901234567890.0)),
        *(("true", True), ("False", False), ("TRUE", True), ("null", None), ("~", None), ("", None), ("Null", None)),
    ],
)
def test_numbers_booleans_and_nothing(written: str, value: Scalar) -> None:
    read = scalar(written)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "written",
    [  # the traps of YAML 1.1: booleans, base 60, underscores, octal by a leading 0, dates; and what we leave as text
        *("on", "off", "yes", "No", "y", "tRUE", "nULL", "1:30", "190:20:30", "1_000", "0x1F", "0o14", "0b1"),
        *("2026-01-31", "1.5s", "50%", "1e", "e3", ".", "+", "1.2.3", ".inf", "-.INF", ".nan", "١٢", "1.05/s"),
        *("end", "a:b", "8 beats", "None"),
    ],
)
def test_everything_else_is_a_text(written: str) -> None:
    assert scalar(written) == written


@pytest.mark.parametrize("quoted", ["'1'", '"1"', "|-\n  1", ">-\n  1"])
def test_quoted_and_block_scalars_are_texts(quoted: str) -> None:
    assert scalar(quoted) == "1"


def test_a_tag_constructs_nothing() -> None:
    assert scalar("!!python/object/apply:os.system ls") == "ls"


@pytest.mark.parametrize("text", ["key: [1, 2]\n", "key: {a: 1}\n"])
def test_a_list_or_map_is_not_a_scalar(text: str) -> None:
    with pytest.raises(InvalidError, match=r"^expected a number, got a (list|map)$"):
        first(text).scalar("a number")


def test_paths_show_where_a_value_is() -> None:
    document = compose("motion: {zoom: {5s: 1}}\nprompts: [a, {text: b}]\n", "a.yaml")
    sections = document.entries()
    (_, key, zoom) = next(iter(sections["motion"].pairs("a map")))
    assert (key.path, zoom.path) == ("motion.zoom", "motion.zoom")
    assert zoom.entries()["5s"].path == "motion.zoom.5s"
    assert sections["prompts"].items("a list")[1].entries()["text"].path == "prompts[1].text"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("a: 1\nb: 2\na: 3\nc: 4\n", 3, 1), ("{a: 1, b: 2, a: 3, c: 4}", 1, 14), ('a: 1\nb: 2\n"a": [3]\nc: 4\n', 3, 1)],
)
def test_a_duplicate_key_is_reported_at_the_second_one_and_reading_continues(text: str, line: int, column: int) -> None:
    document = compose(text, "a.yaml")
    assert [(name, value.scalar("a number")) for name, _, value in document.pairs("a map")] == [
        *(("a", 1), ("b", 2), ("c", 4)),
    ]
    assert document.problems.found == [
        Problem(file="a.yaml", line=line, column=column, path="a", message="this key appears twice; remove one of them")
    ]


def test_a_key_that_appears_three_times_is_two_problems() -> None:
    document = compose("x:\n  a: 1\n  a: 2\n  a: 3\n", "a.yaml")
    assert [name for name, _, _ in document.entries()["x"].pairs("a map")] == ["a"]
    assert document.problems.found == []  # looking ahead reports no problems
    assert [name for _, _, x in document.pairs("a map") for name, _, _ in x.pairs("a map")] == ["a"]
    assert [(found.line, found.path) for found in document.problems.found] == [(3, "x.a"), (4, "x.a")]


@pytest.mark.parametrize(
    ("text", "column", "got"), [("? [1]\n: a\nb: c\n", 3, "a list"), ("{? {a: 1} : a, b: c}", 4, "a map")]
)
def test_a_key_must_be_plain(text: str, column: int, got: str) -> None:
    document = compose(text, "a.yaml")
    assert [name for name, _, _ in document.pairs("a map")] == ["b"]
    assert document.problems.found == [
        Problem(file="a.yaml", line=1, column=column, path="", message=f"expected a plain key, got {got}")
    ]


def test_looking_ahead_reports_nothing() -> None:
    document = compose("a: 1\na: 2\n? [1]\n: b\n", "a.yaml")
    assert list(document.entries()) == ["a"]
    document.problems.raise_if_any()


@pytest.mark.parametrize(("text", "got"), [("5", "'5'"), ("[]", "an empty list"), ("[1]", "a list"), ("~", "nothing")])
def test_only_a_map_has_pairs(text: str, got: str) -> None:
    with pytest.raises(InvalidError, match=f"^expected a map, got {got}$"):
        list(compose(text, "a.yaml").pairs("a map"))
    assert compose(text, "a.yaml").entries() == {}


def test_an_alias_is_the_anchored_value() -> None:
    document = compose("a: &shared {x: 1, y: [1e-3]}\nb: *shared\n", "a.yaml").entries()
    assert document["b"].entries()["y"].items("a list")[0].scalar("a number") == 0.001
    assert document["b"].entries()["y"].path == "b.y"


def test_a_long_text_is_shortened_in_messages() -> None:
    assert str(first(f"key: {'x' * 50}\n").invalid("a number")) == f"expected a number, got '{'x' * 37}...'"
    assert str(first(f"key: {'x' * 40}\n").invalid("a number")) == f"expected a number, got '{'x' * 40}'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.yaml:1:1: the schedule is empty; `render new NAME` creates one to start from"),
        ("# nothing\n\n", "a.yaml:1:1: the schedule is empty; `render new NAME` creates one to start from"),
        ("a: {b: 1\n", "a.yaml:2:1: not YAML: expected ',' or '}', but got '<stream end>'"),
        ("a:\n\tb: 1\n", "a.yaml:2:1: not YAML: found character '\\t' that cannot start any token"),
        ("a: 1\n  b: 2\n", "a.yaml:2:4: not YAML: mapping values are not allowed here"),
        ('a: "b": c\n', "a.yaml:1:7: not YAML: mapping values are not allowed here"),
        ('a: {b: "c": d}\n', "a.yaml:1:11: not YAML: expected ',' or '}', but got ':'"),
        (
            "a: {b: c: d}\n",
            "a.yaml:1:9: not YAML: expected ',' or '}', but got ':'; put quotes around a text that contains ': '",
        ),
        (
            "a: b: c\n",
            "a.yaml:1:5: not YAML: mapping values are not allowed here; put quotes around a text that contains ': '",
        ),
        (
            "a: `b\n",
            "a.yaml:1:4: not YAML: found character '`' that cannot start any token; put quotes around "
            "the text that starts with it",
        ),
        ("a: 1\nb: *c\n", "a.yaml:2:4: not YAML: found undefined alias 'c'"),
        ("a: 1\nb: x\ay\n", "a.yaml:2:5: a character that YAML does not allow"),
        ("\aa: 1\n", "a.yaml:1:1: a character that YAML does not allow"),
        ("[" * 1000, "a.yaml:1:33: nested too deeply: more than 32 levels of maps and lists"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2:1: expected one document, found a second one here"),
    ],
)
def test_invalid_yaml_is_reported_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        compose(text, "a.yaml")
    assert str(caught.value) == message


def test_a_marker_without_quotes_gets_the_hint_to_quote_it() -> None:
    with pytest.raises(ScheduleError, match=r"^a\.yaml:1:5: .*'@'.*quotes"):
        compose("a: {@drop: 3}\n", "a.yaml")


def problems_at(places: list[tuple[int, int]]) -> Problems:
    problems = Problems("a.yaml")
    for line, column in places:
        mark = yaml.Mark("a.yaml", 0, line, column, None, 0)
        node = yaml.ScalarNode("", "", mark, mark)
        problems.add(InvalidError(Value(node, "x", problems), "wrong"))
    return problems


def test_problems_are_reported_in_order_of_place_and_once() -> None:
    with pytest.raises(ScheduleError) as caught:
        problems_at([(9, 0), (2, 5), (2, 1), (9, 0), (10, 0)]).raise_if_any()
    assert [(problem.line, problem.column) for problem in caught.value.problems] == [(3, 2), (3, 6), (10, 1), (11, 1)]


@pytest.mark.parametrize(("count", "more"), [(20, []), (21, ["... and 1 more"]), (45, ["... and 25 more"])])
def test_at_most_20_problems_are_reported(count: int, more: list[str]) -> None:
    with pytest.raises(ScheduleError) as caught:
        problems_at([(line, 0) for line in range(count)]).raise_if_any()
    lines = str(caught.value).splitlines()
    assert lines == [*(f"a.yaml:{line + 1}:1: x: wrong" for line in range(20)), *more]


def test_reading_stops_at_far_too_many_problems() -> None:
    with pytest.raises(ScheduleError) as caught:
        problems_at([(line, 0) for line in range(600)])
    assert str(caught.value).splitlines()[-1] == "... and 480 more"


def test_a_long_message_is_cut() -> None:
    document = compose("a: 1\n", "a.yaml")
    document.problems.add(InvalidError(document, "x" * 5000))
    assert document.problems.found[0].message == "x" * 1000 + " ..."


def test_no_problems_raise_nothing() -> None:
    Problems("a.yaml").raise_if_any()
