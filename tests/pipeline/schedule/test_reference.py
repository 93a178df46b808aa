"""The tables of docs/schedule.md equal those generated from the descriptions in the code."""

import re
from pathlib import Path

import pytest

from pipeline.schedule.reference import filled

DOCS = Path(__file__).parents[3] / "docs" / "schedule.md"


def test_the_documentation_is_current() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert filled(text) == text, "python -m pipeline.schedule.reference docs/schedule.md"
    tables = re.findall(r"<!-- generated: (\w+) -->", text)
    known = "schedule functions output video formats places models motion refine losses music signals loop shots start"
    newer = "camera depth start_image guides shake noise variation regions keep colour source flow"
    assert sorted(tables) == sorted(f"{known} {newer}".split())


def test_a_table_is_filled_in_and_the_rest_is_left() -> None:
    text = "before\n<!-- generated: refine -->\nold\n<!-- end -->\nafter <!-- end -->\n"
    made = filled(text)
    assert made.startswith(
        "before\n<!-- generated: refine -->\n| key | default | |\n|---|---|---|\n| `steps` ~ | `3` |"
    )
    assert "\n| `carry` | `true` |" in made
    assert made.endswith(" |\n<!-- end -->\nafter <!-- end -->\n")
    assert "old" not in made


def test_an_unknown_table_is_an_error() -> None:
    with pytest.raises(KeyError, match="sizes"):
        filled("<!-- generated: sizes -->\n<!-- end -->")
