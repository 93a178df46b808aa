"""Completion and hover: what the schema says of a place, also in a text that is not YAML yet."""

import random
from pathlib import Path

import pytest

from pipeline.studio.text.schema_help import completions, described_at

SCHEDULES = Path(__file__).parents[4] / "schedules"


def offered(marked: str) -> list[str]:
    """What is offered at the bar in a text."""
    before, after = marked.split("|")
    return [option.insert for option in completions(before + after, len(before.encode("utf-16-le")) // 2).options]


@pytest.mark.parametrize(
    ("marked", "there", "not_there"),
    [
        ("|", "motion: ", "zoom: "),
        ("mo|", "motion: ", "zoom: "),
        ("# \U0001f600\nmotion:\n  |", "zoom: ", "motion: "),
        ("motion:\n  zoom: 1.02\n  ro|", "rotate: ", "zoom: "),
        ("motion: {zoom: 1.02, ro|", "rotate: ", "zoom: "),
        ("motion: {ro|: 1.02}", "rotate", "rotate: "),
        ("motion:\n  border: |", "wrap", "zoom: "),
        ("motion:\n  zoom: |", "1.05/s", "true"),
        ("motion:\n  zoom: 1 + si|", "sin(", "zoom: "),
        ("motion:\n  zoom:\n    |", "end: ", "zoom: "),
        ("markers: {drop: 5s}\nmotion: {zoom: {|", '"@drop": ', "drop: "),
        ("motion:\n  zoom:\n    2s: {to: 1, ease: in_|}", "in_out_sine", "to: "),
        ("motion:\n  zoom:\n    2s: {to: 1, |", "ease: ", "to: "),
        ("shots:\n  - {le|", "length: ", "output: "),
        ("shots:\n  - length: 2s\n    |", "prompts: ", "length: "),
        ("shots:\n- length: 2s\n  prompts: x\n- st|", "start: ", "output: "),
        ("shots:\n  - length: 2s\n    motion: {bo|", "border: ", "length: "),
        ("prompts:\n  0s: 'it: {odd'\n  5s: {te|", "text: ", "to: "),
        ("motion: { # x, {\n  zoom: 1,\n  |", "rotate: ", "zoom: "),
        ("models:\n  perceptors:\n    - {|", "weight: ", "latent: "),
        ("losses:\r\n  smooth: 1\r\n  |", "prompt: ", "smooth: "),
    ],
)
def test_what_can_be_written_at_a_place(marked: str, there: str, not_there: str) -> None:
    found = offered(marked)
    assert there in found
    assert not_there not in found


def test_nothing_is_offered_in_a_comment_or_where_the_schema_says_nothing() -> None:
    assert offered("# mo|") == []
    assert offered("motion: {zoom: 1} # mo|") == []
    assert offered("nonsense:\n  |") == []


def test_hover_says_what_a_setting_means_and_its_range() -> None:
    text = "refine: {cutouts: 12}\nmotion:\n  zoom:\n    2s: {to: 1.02, ease: smooth}\n"
    on_key, on_value = described_at(text, text.index("touts")), described_at(text, text.index("12"))
    assert on_key is not None
    assert on_value is not None
    assert on_key.text == on_value.text
    assert text[on_key.span.start : on_key.span.end] == "cutouts"
    assert on_key.text.splitlines() == [
        "refine.cutouts",
        "random crops scored per step",
        "from 1 to 1024",
        "default: 12",
        "can change over time: an expression, or a map of times",
    ]
    easing = described_at(text, text.index("smooth"))
    assert easing is not None
    assert "easings.net" in easing.text
    assert described_at("# refine", 4) is None


def test_no_place_of_a_damaged_text_is_an_error() -> None:
    chance = random.Random(4)
    texts = [path.read_text(encoding="utf-8") for path in SCHEDULES.glob("*.yaml")]
    for _ in range(400):
        text = chance.choice(texts)
        for _ in range(3):
            at = chance.randrange(len(text))
            text = (
                text[:at]
                + chance.choice(["{", "}", "[", ": ", "'", '"', "\n", "- ", "#", "\r", "\U0001f600"])
                + text[at + 1 :]
            )
        offset = chance.randrange(len(text) + 2)
        completions(text, offset)
        described_at(text, offset)


@pytest.mark.parametrize("unit", ["a{", "'", '"a', "- ", "[", "{a: ", "a ", ":", "#", "\n", "\n ", "\n  - a: {"])
def test_a_long_text_takes_bounded_time(unit: str) -> None:
    """A text is read once, however it is damaged."""
    text = "a: " + unit * (100_000 // len(unit))
    completions(text, len(text))
    described_at(text, len(text) // 2)
