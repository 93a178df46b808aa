"""What a page shows of a schedule: every number with the place in the text that decides it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.schedule.loader import load_schedule
from pipeline.schedule.timeline import Timeline
from tests.pipeline.studio.text.asking import check, timeline

SCHEDULES = Path(__file__).parents[4] / "schedules"


def shown(text: str, folder: Path = SCHEDULES) -> Any:
    return timeline(text, folder)


def at(text: str, span: dict[str, int] | None) -> Any:
    """The text at a span, which counts UTF-16 code units."""
    if span is None:
        return None
    return text.encode("utf-16-le")[2 * span["from"] : 2 * span["to"]].decode("utf-16-le")


@pytest.mark.parametrize("path", sorted(SCHEDULES.glob("*.yaml")), ids=lambda path: path.stem)
def test_it_shows_every_example_and_its_spans_are_the_written_numbers(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = timeline(text, SCHEDULES, path.name)
    json.dumps(found, allow_nan=False)
    schedule = load_schedule(path)
    assert found["frames"] == schedule.output.num_frames == len(Timeline(schedule).times)
    assert found["samples"] <= 2000
    for curve in found["curves"]:
        assert len(curve["samples"]) == found["samples"]
        for key in curve["keys"]:
            assert key["time"] >= 0
            assert key["editable"] == (not key["why"])
            if key["editable"]:
                assert at(text, key["value_span"]).strip("-+.0123456789 ") in (
                    "",
                    "/s",
                    "%/s",
                    "%",
                    "/frame",
                    "deg/s",
                    "deg/beat",
                )
    assert check(text, SCHEDULES, path.name)["facts"]["frames"] == found["frames"]


TRICKY = """\
# \U0001f600 an emoji before everything\r
output: {fps: 10, length: 4s}\r
let: {deep: 2}\r
prompts: {0s: "a \U0001f600 sea", 2s: {text: 'it''s night', ease: smooth}}  # \U0001f600\r
motion:\r
  zoom: &slow {0s: "1.02", '50%': {to: 1.05/s, ease: hold}}\r
  rotate: {0s: deep*t, end-1s: 3}\r
  pan_x: &p 2%/s\r
refine: {lr: 1e-2}\r
"""


@pytest.mark.parametrize("lead", ["", "\ufeff"])
@pytest.mark.parametrize("pad", [0, 500])  # a long text is read by another parser
def test_spans_count_utf_16_and_leave_out_quotes_and_anchors(lead: str, pad: int) -> None:
    text = lead + TRICKY + "# padding \U0001f600 of the text, forty characters\r\n" * pad
    found = shown(text)
    spans = {
        key["id"]: (at(text, key["time_span"]), at(text, key["value_span"]), at(text, key["easing_span"]))
        for curve in found["curves"]
        for key in curve["keys"]
    }
    assert spans == {
        "motion.zoom[0]": ("0s", "1.02", None),
        "motion.zoom[1]": ("50%", "1.05/s", "hold"),
        "motion.rotate[0]": ("0s", "deep*t", None),
        "motion.rotate[1]": ("end-1s", "3", None),
        "motion.pan_x": (None, "2%/s", None),
        "refine.lr": (None, "1e-2", None),
    }
    why = {key["id"]: key["why"] for curve in found["curves"] for key in curve["keys"]}
    assert why["motion.rotate[0]"] == "it is an expression"
    assert not any(reason for name, reason in why.items() if name != "motion.rotate[0]")
    assert [at(text, prompt["span"]) for prompt in found["prompts"]] == ["a \U0001f600 sea", "it''s night"]


def test_what_cannot_be_edited_in_place_says_why(tmp_path: Path) -> None:
    (tmp_path / "look.yaml").write_text("motion: {zoom: 1.1/s}\nrefine: {lr: {0s: 0.1, 1s: 0.2}}\n")
    text = """\
include: look.yaml
losses: {smooth: &a 0.5, anchor: *a}
motion: {rotate: 3/s}
shots:
  - {length: 1s, prompts: a}
  - {length: 1s, prompts: b, motion: {rotate: 4/s}}
"""
    found = timeline(text, tmp_path)
    why = {key["id"]: key["why"] for curve in found["curves"] for key in curve["keys"]}
    included = "it is set in look.yaml, which is included"
    assert why["shots[0].motion.zoom"] == why["shots[1].refine.lr[1]"] == included
    assert why["shots[0].losses.smooth"] == why["shots[0].losses.anchor"] == "it is used in several places, by an alias"
    assert why["shots[0].motion.rotate"] == "it is set at the top, for every shot that does not set it"
    assert why["shots[1].motion.rotate"] == ""


def test_scenes_are_bands_with_edges_where_their_times_are_written() -> None:
    text = (SCHEDULES / "sunset.yaml").read_text()
    noon, golden, night = shown(text)["prompts"]
    assert (noon["start"], noon["end"], noon["fade_in"], noon["fade_out"]) == (0, 5, 0, 4)
    assert (golden["start"], golden["end"], golden["fade_in"], golden["fade_out"]) == (1, 10, 4, 3)
    assert (night["start"], night["end"], night["fade_in"], night["fade_out"]) == (7, 12, 3, 0)
    assert [(edge["id"], at(text, edge["span"])) for edge in golden["edges"]] == [
        ("prompts[2]", "5s"),
        ("prompts[3]", "7s"),
    ]


def test_problems_have_the_range_of_what_they_are_about() -> None:
    text = "prompts: \U0001f600\nmotion: {zom: 1.02, rotate: [1], pan_x: 2%/s + sin(, zoom: 1.0 /minute}\n"
    found = check(text, SCHEDULES)
    assert found["facts"] is None
    assert [(at(text, each["span"]), each["severity"]) for each in found["problems"]] == [
        ("zom", "error"),
        ("[1]", "error"),
        ("%/s + sin(", "error"),
        ("1.0 /minute", "error"),
    ]
    first = found["problems"][0]
    assert (first["line"], first["column"], first["end_line"], first["end_column"]) == (2, 10, 2, 13)


def test_a_text_that_is_not_yaml_has_its_problem_in_place() -> None:
    text = "prompts: a sea\nmotion: {zoom: 1.02\noutput: {fps: 12}\n"
    (problem,) = check(text, SCHEDULES)["problems"]
    assert problem["line"] == 3
    assert problem["message"].startswith("not YAML")


def test_reading_and_editing_a_text_need_no_torch() -> None:
    program = (
        "import sys; from pathlib import Path; from tests.pipeline.studio.text.asking import check, edits, timeline;"
        f"folder = Path({str(SCHEDULES)!r}); text = (folder / 'sunset.yaml').read_text();"
        "check(text, folder); timeline(text, folder);"
        "edits(text, folder, [{'op': 'move', 'id': 'motion.zoom', 'value': 1.1}]);"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=SCHEDULES.parent, timeout=120)
