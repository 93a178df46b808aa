"""What a batch shows."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.batch.display import JsonDisplay, LineDisplay, TableDisplay
from pipeline.batch.jobs.collect import collect
from pipeline.batch.jobs.job import Entry
from pipeline.run.events import FrameDone, Warned
from pipeline.schedule.origin import Origin
from tests.pipeline.batch.conftest import toy

FRAME = FrameDone(
    schedule="a", index=3, remaining=2, seconds=0.5, steps_per_second=12.34, similarity=0.5, seconds_left=61
)


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    (tmp_path / "sea.yaml").write_text(toy(1))
    [entry] = collect([tmp_path / "sea.yaml"], tmp_path / "out", Origin(file=""))
    return entry


def test_the_table_has_every_job(entry: Entry) -> None:
    broken = Entry(name="bad[red]", file=Path("bad.yaml"), state="broken", message="bad.yaml:1:1: [oops]\nmore")
    entry.state, entry.done, entry.steps_per_second, entry.seconds_left, entry.memory = "running", 4, 12.34, 61, 2**31
    console = Console(width=120, height=20, record=True, file=io.StringIO())
    display = TableDisplay([entry, broken], console)
    display.event(entry, FRAME)
    display.changed(broken)
    display.close([entry, broken])
    text = console.export_text()
    for part in ("sea", "running", "4/6", "12.3", "1:01", "2.1 GB", "bad[red]", "bad.yaml:1:1: [oops]", "2 jobs: 1"):
        assert part in text


def test_a_long_table_keeps_what_matters(entry: Entry) -> None:
    many = [Entry(name=f"done{n}", file=Path("x.yaml"), state="finished") for n in range(50)]
    failed = Entry(name="failed", file=Path("x.yaml"), state="failed", message="why")
    console = Console(width=100, height=12, record=True, file=io.StringIO())
    display = TableDisplay([*many, failed, entry], console)
    display.close([*many, failed, entry])
    text = console.export_text()
    assert "failed" in text
    assert "52 jobs: 50 finished, 1 failed, 1 waiting" in text
    assert text.count("done") < 10


def test_a_long_message_alone_gives_way(entry: Entry) -> None:
    entry.state, entry.done, entry.memory, entry.message = "running", 4, 2**31, "word " * 60
    console = Console(width=70, height=12, record=True, file=io.StringIO())
    TableDisplay([entry], console).close([entry])
    [row] = [line for line in console.export_text().splitlines() if line.startswith("sea")][-1:]
    assert row.split()[:6] == ["sea", "running", "4/6", "2.1", "GB", "word"]
    assert row.rstrip().endswith("…")


def test_a_job_that_waits_says_for_whom(entry: Entry) -> None:
    entry.waiting_for = "process 12 on tower"
    console = Console(width=120, height=20, record=True, file=io.StringIO())
    TableDisplay([entry], console).close([entry])
    [row] = [line for line in console.export_text().splitlines() if line.startswith("sea")][-1:]
    assert row.split()[1] == "waiting"
    assert "waiting for process 12 on tower" in row


def test_a_drawing_that_fails_does_not_end_the_thread_that_draws(entry: Entry) -> None:
    display = TableDisplay([entry], Console(width=80, height=12, file=io.StringIO()))
    entry.state = "no state"
    assert display._latest().row_count == 0
    entry.state = "running"
    assert display._latest().row_count == 1
    display.close([entry])


def test_a_broken_schedule_of_that_name_reads_as_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    LineDisplay().changed(Entry(name="broken", file=Path("broken.yaml"), state="broken", message="broken.yaml:1:1: no"))
    assert capsys.readouterr().err.splitlines() == [
        "broken: not rendered, its schedule is broken:",
        "  broken.yaml:1:1: no",
    ]


def test_lines_and_json(entry: Entry, capsys: pytest.CaptureFixture[str]) -> None:
    lines, as_json = LineDisplay(), JsonDisplay()
    for display in (lines, as_json):
        display.changed(entry)
        display.event(entry, FRAME)
        display.event(entry, Warned(schedule="sea", message="careful"))
        entry.state, entry.message = "failed", "why\nso"
        display.changed(entry)
        display.close([entry])
        entry.state, entry.message = "waiting", ""
    said = capsys.readouterr()
    plain = [line for line in said.out.splitlines() if line[0] != "{"]
    assert plain == ["sea: frame 4/6  12.3 steps/s  1:01 left", "1 job: 1 failed"]
    assert said.err.splitlines() == ["sea: warning: careful", "sea: failed (0 of 6 frames):", "  why", "  so"]
    events = [json.loads(line) for line in said.out.splitlines() if line[0] == "{"]
    assert [(event["event"], event.get("job")) for event in events] == [
        ("job", "sea"),
        ("frame", "sea"),
        ("warning", "sea"),
        ("job", "sea"),
        ("batch", None),
    ]
    assert events[-1]["states"] == {"failed": 1}
