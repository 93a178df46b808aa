"""Edits of a text, one by one: the form of numbers, the order of keys, comments and line breaks."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.schedule.loader import read_schedule
from render.errors import InputError
from tests.pipeline.studio.text.asking import applied, edits, timeline

NOWHERE = Path("/nowhere")
HEAD = "output: {fps: 12, length: 12s}\nprompts: a sea\n"


def edit(text: str, *wanted: dict[str, Any]) -> str:
    """The text after edits, which must be valid, and of which the inverse gives the text again."""
    found = edits(text, NOWHERE, list(wanted))
    read_schedule(found["text"], "x.yaml", "x")
    assert applied(text, found["changes"]) == found["text"]
    assert applied(found["text"], found["inverse"]) == text
    result: str = found["text"]
    return result


def move(name: str, **to: float) -> dict[str, Any]:
    return {"op": "move", "id": name, **to}


@pytest.mark.parametrize(
    ("setting", "value", "wanted"),
    [
        ("zoom: 1.05/s", 1.08, "zoom: 1.08/s"),
        ("zoom: 1.05/s", 1.0825, "zoom: 1.0825/s"),
        ("zoom: 1.50", 1.2, "zoom: 1.20"),
        ("zoom: '1.05 / s'", 1.1, "zoom: '1.10 / s'"),
        ("zoom: 1.002/frame", 1.05, "zoom: 1.00407/frame"),
        ("rotate: +5", -3, "rotate: -3"),
        ("rotate: -.5/s", 0.25, "rotate: .25/s"),
        ("rotate: 90deg/s", 45.5, "rotate: 45.5deg/s"),
        ("rotate: 6/frame", 36, "rotate: 3/frame"),
        ("pan_x: 2%/s", 0.035, "pan_x: 3.5%/s"),
        ("pan_x: 0", 0.1 + 0.2, "pan_x: 30%/s"),
        ("center: [50%, 0.5]", 0.25, "center: [25%, 0.5]"),
    ],
)
def test_a_number_keeps_its_form(setting: str, value: float, wanted: str) -> None:
    name = "motion." + setting.partition(":")[0] + ("[0]" if "center" in setting else "")
    before, after = (
        f"{HEAD}motion: {{zoom: 1.01, {each}}} # x\n".replace("zoom: 1.01, zoom", "zoom") for each in (setting, wanted)
    )
    assert edit(before, move(name, value=value)) == after


def test_an_exponent_stays_and_a_value_stays_in_its_range() -> None:
    assert edit(f"{HEAD}refine: {{lr: 1e-2}}\n", move("refine.lr", value=0.025)).endswith("{lr: 2.5e-2}\n")
    assert edit(f"{HEAD}refine: {{lr: 0.5}}\n", move("refine.lr", value=-3)).endswith("{lr: 0.0}\n")


@pytest.mark.parametrize(
    ("written", "at", "wanted"),
    [
        ("6s", 7.0, "7s"),
        ("6s", 7.25, "7.25s"),
        ("6.50s", 7.0, "7.00s"),
        ("6s", 85 / 12, "7.083s"),  # no later than the frame
        ("72", 7.1, "85"),
        ("0m6s", 7.5, "0m7.5s"),
        ("6000ms", 7.25, "7250ms"),
        ("12 beats", 7.0, "14 beats"),
        ("1 beat", 7.25, "14.5 beats"),
        ("3 bars", 2.0, "1 bar"),
        ("50%", 9.0, "75%"),
        ("end", 11.0, "end-1s"),
        ("end-2s", 9.5, "end-2.5s"),
        ("end-2s", 12.0, "end"),
        ("'@drop'", 5.5, "'@drop+0.5s'"),
        ("'@drop + 1 beat'", 3.0, "'@drop-4 beats'"),
        ("'@drop + 1 beat'", 6.0, "'@drop+2 beats'"),
    ],
)
def test_a_time_keeps_its_form(written: str, at: float, wanted: str) -> None:
    head = f"{HEAD}music: {{bpm: 120}}\nmarkers: {{drop: 5s}}\n"
    before, after = (f"{head}motion: {{rotate: {{0s: 0, {each}: 2}}}}\n" for each in (written, wanted))
    assert edit(before, move("motion.rotate[1]", time=at)) == after


BLOCK = f"""\
{HEAD}motion:
  rotate:
    # the whole turn
    0s: 0  # still

    # it turns
    2s: {{to: 3/s, ease: smooth}}  # faster
    4s: 1/s

    # at the end
    6s: 2/s
  zoom: 1.02
"""


def test_a_key_that_passes_its_neighbour_takes_its_comments_along() -> None:
    found = edit(BLOCK, move("motion.rotate[1]", time=5.0))
    assert found == BLOCK.replace(
        "    # it turns\n    2s: {to: 3/s, ease: smooth}  # faster\n    4s: 1/s\n",
        "    4s: 1/s\n    # it turns\n    5s: {to: 3/s, ease: smooth}  # faster\n",
    )
    flow = f"{HEAD}motion: {{rotate: {{0s: 0, 2s: 3/s, 4s: 1/s, end: 2}}}}\n"
    assert edit(flow, move("motion.rotate[0]", time=5.0, value=7)).endswith("{2s: 3/s, 4s: 1/s, 5s: 7, end: 2}}\n")


def test_keys_are_not_put_in_order_if_they_were_in_none() -> None:
    text = f"{HEAD}motion: {{rotate: {{4s: 1, 0s: 0, 2s: 3}}}}\n"
    assert edit(text, move("motion.rotate[1]", time=3.0)).endswith("{4s: 1, 3s: 0, 2s: 3}}\n")


def test_a_key_on_another_one_stops_a_frame_before_it() -> None:
    text = f"{HEAD}motion: {{rotate: {{0: 0, 24: 3, 48: 1}}}}\n"
    assert edit(text, move("motion.rotate[1]", time=4.0)).endswith("{0: 0, 47: 3, 48: 1}}\n")
    assert edit(text, move("motion.rotate[2]", time=2.0)).endswith("{0: 0, 24: 3, 25: 1}}\n")


def test_several_keys_move_together() -> None:
    text = f"{HEAD}motion: {{rotate: {{0s: 0, 1s: 3, 2s: 1}}}}\n"
    moves = [move(f"motion.rotate[{number}]", time=number + 1.0) for number in range(3)]
    assert edit(text, *moves).endswith("{1s: 0, 2s: 3, 3s: 1}}\n")


def test_a_removed_key_leaves_blank_lines_and_comments() -> None:
    assert edit(BLOCK, {"op": "remove", "id": "motion.rotate[1]"}) == BLOCK.replace(
        "    2s: {to: 3/s, ease: smooth}  # faster\n", ""
    )
    assert edit(BLOCK, *({"op": "remove", "id": f"motion.rotate[{n}]"} for n in (0, 3))) == BLOCK.replace(
        "    0s: 0  # still\n", ""
    ).replace("    6s: 2/s\n", "")
    flow = f"{HEAD}motion: {{rotate: {{0s: 0, 2s: 3/s,\n  4s: 1/s, end: 2}}}}\n"
    ends = [(0,), (1,), (3,), (0, 1), (0, 2), (0, 3), (1, 2), (2, 3)]
    left = ["2s: 3/s,\n  4s: 1/s, end: 2", "0s: 0,\n  4s: 1/s, end: 2", "0s: 0, 2s: 3/s,\n  4s: 1/s", "4s: 1/s, end: 2"]
    left += ["2s: 3/s, end: 2", "2s: 3/s,\n  4s: 1/s", "0s: 0, end: 2", "0s: 0, 2s: 3/s"]
    for gone, wanted in zip(ends, left, strict=True):
        found = edit(flow, *({"op": "remove", "id": f"motion.rotate[{n}]"} for n in gone))
        assert found.split(",") == f"{HEAD}motion: {{rotate: {{{wanted}}}}}\n".split(","), gone


def test_an_added_key_is_written_like_those_beside_it() -> None:
    add = {"op": "add", "path": "motion.rotate", "time": 3.0, "value": 2.5}
    assert edit(BLOCK, add) == BLOCK.replace("# faster\n", "# faster\n    3s: 2.5/s\n")
    assert edit(BLOCK, {**add, "time": 8, "easing": "smooth"}) == BLOCK.replace(
        "    6s: 2/s\n", "    6s: 2/s\n    8s: {to: 2.5/s, ease: smooth}\n"
    )
    flow = f"{HEAD}motion: {{rotate: {{24: 0, 48: 1}}}}\n"
    both = edit(flow, {**add, "time": 1.0}, {**add, "time": 5.0, "easing": "bezier(0.1, 0, 0.9, 1)"})
    assert both.endswith('{12: 2.5, 24: 0, 48: 1, 60: {to: 2.5, ease: "bezier(0.1, 0, 0.9, 1)"}}}\n')


def test_a_constant_becomes_a_curve_in_the_style_of_the_others() -> None:
    add = {"op": "add", "path": "motion.zoom", "time": 3.0, "value": 1.1}
    assert edit(BLOCK, add) == BLOCK.replace("  zoom: 1.02\n", "  zoom:\n    0s: 1.02\n    3s: 1.10\n")
    alone = f"{HEAD}motion:\n  zoom: 1.02  # slow\n"
    assert edit(alone, add) == f"{HEAD}motion:\n  zoom: {{0s: 1.02, 3s: 1.10}}  # slow\n"
    commented = BLOCK.replace("zoom: 1.02", "zoom: 1.02 # slow")
    assert edit(commented, add).endswith("  zoom:\n    0s: 1.02 # slow\n    3s: 1.10\n")


def test_an_easing_is_changed_or_added() -> None:
    ease = {"op": "easing", "id": "motion.rotate[1]", "easing": "bezier(0.1, 0, 0.9, 1)"}
    assert edit(BLOCK, ease) == BLOCK.replace("ease: smooth", 'ease: "bezier(0.1, 0, 0.9, 1)"')
    assert edit(BLOCK, {**ease, "id": "motion.rotate[2]", "easing": "hold"}) == BLOCK.replace(
        "4s: 1/s", "4s: {to: 1/s, ease: hold}"
    )
    scenes = "output: {length: 4s}\nprompts:\n  0s: a sea, calm\n  2s: fog: thick\n".replace("fog: thick", "'fog'")
    found = edit(
        scenes,
        {"op": "easing", "id": "prompts[0]", "easing": "hold"},
        {"op": "easing", "id": "prompts[1]", "easing": "hold"},
    )
    assert found.endswith("  0s: {text: \"a sea, calm\", ease: hold}\n  2s: {text: 'fog', ease: hold}\n")


def test_line_breaks_of_windows_and_a_byte_order_mark_stay() -> None:
    text = "\ufeff# \U0001f600\r\n" + BLOCK.replace("\n", "\r\n")
    add = {"op": "add", "path": "motion.rotate", "time": 3.0, "value": 2.5}
    found = edit(text, add, move("motion.zoom", value=1.03), {"op": "remove", "id": "motion.rotate[3]"})
    assert "\n" not in found.replace("\r\n", "")
    assert found == text.replace("# faster\r\n", "# faster\r\n    3s: 2.5/s\r\n").replace("1.02", "1.03").replace(
        "    6s: 2/s\r\n", ""
    )


def test_markers_edges_and_the_ends_of_shots() -> None:
    text = """\
output: {fps: 12}
music: {bpm: 120}
markers: {drop: 4 beats, later: "@drop+1s"}
shots:
  - {length: 4 beats, prompts: {0s: a, 1s: b}}
  - {length: 3s, prompts: c}
"""
    assert edit(text, {"op": "marker", "name": "drop", "time": 2.5}) == text.replace("drop: 4 beats", "drop: 5 beats")
    assert edit(text, {"op": "marker", "name": "later", "time": 4.5}) == text.replace("@drop+1s", "@drop+2.5s")
    assert edit(text, {"op": "edge", "id": "shots[0].length", "time": 3}) == text.replace("length: 4 b", "length: 6 b")
    assert edit(text, {"op": "edge", "id": "shots[1].length", "time": 6.5}) == text.replace(
        "length: 3s", "length: 4.5s"
    )
    assert edit(text, {"op": "edge", "id": "shots[0].prompts[1]", "time": 1.5}) == text.replace("1s: b", "1.5s: b")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (move("motion.zoom", value=2), "motion.zoom: cannot be changed here: it is an expression"),
        (move("motion.zom", value=2), "there is no 'motion.zom' in this text; did you mean 'motion.zoom'?"),
        ({"op": "fly"}, "unknown edit 'fly'"),
        ({"op": "move", "id": "motion.rotate[0]", "time": "3"}, "a wrong 'time': expected a number"),
        (
            {"op": "easing", "id": "motion.rotate[0]", "easing": "smoth"},
            "unknown easing 'smoth'; did you mean 'smooth'?",
        ),
        ({"op": "remove", "id": "motion.rotate[0]"}, "the last key cannot be removed"),
        ({"op": "add", "path": "motion.zoom", "time": 1, "value": 2}, "it is an expression"),
    ],
)
def test_what_cannot_be_edited_is_refused_in_one_sentence(wanted: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        edit(f"{HEAD}motion: {{zoom: 1+0.1*t, rotate: {{0s: 1}}}}\n", wanted)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_value_that_an_alias_repeats_is_not_edited() -> None:
    text = f"{HEAD}motion: {{rotate: &turn {{0s: 1, 2s: 3}}, tilt_x: *turn}}\n"
    with pytest.raises(InputError, match="used in several places, by an alias"):
        edit(text, move("motion.rotate[1]", time=1.0))
    curves = timeline(text, NOWHERE)["curves"]
    assert [curve["addable"] for curve in curves] == [False, False]
