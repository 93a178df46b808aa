"""The examples and the settings of other tools, torn in every way: one message of ours, or a plan; never a traceback.

`FUZZ_EXAMPLES=20000 python -m pytest tests/pipeline/test_fuzz.py` looks longer; CI looks for a moment.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.commands.importing import imported
from pipeline.importers.notations.source import read_source
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.timeline import Timeline
from render.errors import InputError

ROOT = Path(__file__).parents[2]
EXAMPLES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "schedules").glob("*.yaml"))]
IMPORTERS = Path(__file__).parent / "importers"
FOREIGN = [*sorted((IMPORTERS / "settings").iterdir()), IMPORTERS / "zoom_loop.sh"]
MESSAGE = 2000  # characters of a problem, its path included
FUZZED = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

SCRAPS = [
    *(
        "{",
        "}",
        "[",
        "]",
        ":",
        ": ",
        ",",
        "\n",
        "\n  ",
        "- ",
        "#",
        "'",
        '"',
        "&a ",
        "*a",
        "!!x ",
        "<<: ",
        "|\n",
        "%",
        "@",
    ),
    *(
        "0",
        "-1",
        "1e999",
        "-0",
        "1e-320",
        ".",
        "9" * 30,
        "nan",
        "~",
        "true",
        "0s",
        "end",
        "50%",
        "1 bar",
        "@drop",
        "1m",
    ),
    *(
        "/s",
        "/frame",
        "/beat",
        "deg",
        "ms",
        " beats",
        "**",
        "*",
        "/0",
        "((",
        "))",
        "sin(",
        "rand(",
        "noise(",
        "prev",
        "t",
    ),
    *(
        " if ",
        " else ",
        "pulse(0, 1)",
        "mod(t, 0)",
        "log(t)",
        "tan(1e300)",
        "bezier(0, 9, 1, -9)",
        "out_elastic",
        "hold",
    ),
    *(
        "prompts",
        "shots: ",
        "variants: ",
        "include: ",
        "let: ",
        "to: ",
        "ease: ",
        "carry",
        "length: ",
        "fps: ",
        "zoom: ",
    ),
    *("\x00", "\ufeff", "\u2028", "\ud7ff", "é", "夕", "\t", "\r", "where(", "max_f", "s", "--neg ", "||", "^", "AND "),
    *("$", "${", "$(", "`", "$1", "<<a\n", "> ", "; ", "done\n", "for i in {1..9}; do\n", "((", "-i ", "```\n", "\\\n"),
]


class Edit(NamedTuple):
    """At this share of the text so many characters go, and a scrap comes."""

    at: float
    gone: int
    scrap: str

    def of(self, text: str) -> str:
        at = int(self.at * len(text))
        return text[:at] + self.scrap + text[at + self.gone :]


EDITS = st.lists(
    st.builds(
        Edit,
        at=st.floats(0, 1),
        gone=st.integers(0, 12),
        scrap=st.one_of(st.sampled_from(SCRAPS), st.text(max_size=6)),
    ),
    min_size=1,
    max_size=5,
)


def torn(text: str, edits: list[Edit]) -> str:
    for edit in edits:
        text = edit.of(text)
    return text.encode("utf-8", "replace").decode()


@contextlib.contextmanager
def one_voice() -> Iterator[None]:
    """What is raised is ours, and short."""
    try:
        yield
    except InputError as error:
        lines = str(error).splitlines()
        assert 0 < len(lines) <= 21
        assert all(len(line) < MESSAGE for line in lines)


@given(text=st.sampled_from(EXAMPLES), edits=EDITS)
@FUZZED
def test_a_torn_schedule(text: str, edits: list[Edit]) -> None:
    with one_voice():
        timeline = Timeline(read_schedule(torn(text, edits), str(ROOT / "schedules" / "torn.yaml"), "torn"))
        for index in {0, 1, len(timeline) // 2, len(timeline) - 1}:
            timeline.at(min(index, len(timeline) - 1)).to_json()


@given(path=st.sampled_from(FOREIGN), edits=EDITS)
@FUZZED
def test_torn_settings(path: Path, edits: list[Edit], tmp_path: Path) -> None:
    file = tmp_path / path.name
    file.write_bytes(torn(path.read_text(encoding="utf-8"), edits).encode())
    with one_voice():
        imported(read_source(file))
