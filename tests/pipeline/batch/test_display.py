"""The displays of a batch."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.batch.display import JsonDisplay, LineDisplay, TableDisplay
from pipeline.batch.jobs.collect import collect
from pipeline.batch.jobs.job import JobState
from pipeline.run.events import FrameDone, Warned
from pipeline.schedule.origin import Origin
from tests.pipeline.batch.conftest import toy

FRAME = FrameDone(
    schedule="a", index=3, remaining=2, seconds=0.5, steps_per_second=12.34, similarity=0.5, seconds_left=61
)


@pytest.fixture
def state(tmp_path: Path) -> JobState:
    (tmp_path / "sea.yaml").write_text(toy(1))
    [state] = collect([tmp_path / "sea.yaml"], tmp_path / "out", Origin(file=""))
    return state


def test_the_table_has_every_job(state: JobState) -> None:
    broken = JobState(name="bad[red]", file=Path("bad.yaml"), status="broken", message="bad.yaml:1:1: [oops]\nmore")
    state.status, state.done, state.steps_per_second, state.seconds_left, state.memory = "running", 4, 12.34, 61, 2**31
    console = Console(width=120, height=20, record=True, file=io.StringIO())
    display = TableDisplay([state, broken], console)
    display.event(state, FRAME)
    display.changed(broken)
    display.close([state, broken])
    text = console.export_text()
    for part in ("sea", "running", "4/6", "12.3", "1:01", "2.1 GB", "bad[red]", "bad.yaml:1:1: [oops]", "2 jobs: 1"):
        assert part in text


def test_a_long_table_shows_running_and_failed_jobs(state: JobState) -> None:
    many = [JobState(name=f"done{n}", file=Path("x.yaml"), status="finished") for n in range(50)]
    failed = JobState(name="failed", file=Path("x.yaml"), status="failed", message="why")
    console = Console(width=100, height=12, record=True, file=io.StringIO())
    display = TableDisplay([*many, failed, state], console)
    display.close([*many, failed, state])
    text = console.export_text()
    assert "failed" in text
    assert "52 jobs: 50 finished, 1 failed, 1 waiting" in text
    assert text.count("done") < 10


def test_only_a_long_message_is_truncated(state: JobState) -> None:
    state.status, state.done, state.memory, state.message = "running", 4, 2**31, "word " * 60
    console = Console(width=70, height=12, record=True, file=io.StringIO())
    TableDisplay([state], console).close([state])
    [row] = [line for line in console.export_text().splitlines() if line.startswith("sea")][-1:]
    assert row.split()[:6] == ["sea", "running", "4/6", "2.1", "GB", "word"]
    assert row.rstrip().endswith("…")


def test_a_waiting_job_shows_the_process_it_waits_for(state: JobState) -> None:
    state.waiting_for = "process 12 on tower"
    console = Console(width=120, height=20, record=True, file=io.StringIO())
    TableDisplay([state], console).close([state])
    [row] = [line for line in console.export_text().splitlines() if line.startswith("sea")][-1:]
    assert row.split()[1] == "waiting"
    assert "waiting for process 12 on tower" in row


def test_a_failure_to_draw_does_not_end_the_drawing_thread(state: JobState) -> None:
    display = TableDisplay([state], Console(width=80, height=12, file=io.StringIO()))
    state.status = "no state"
    assert display._latest().row_count == 0
    state.status = "running"
    assert display._latest().row_count == 1
    display.close([state])


def test_the_line_for_a_broken_schedule_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    LineDisplay().changed(
        JobState(name="broken", file=Path("broken.yaml"), status="broken", message="broken.yaml:1:1: no")
    )
    assert capsys.readouterr().err.splitlines() == [
        "broken: not rendered, because its schedule is invalid:",
        "  broken.yaml:1:1: no",
    ]


def test_lines_and_json(state: JobState, capsys: pytest.CaptureFixture[str]) -> None:
    lines, as_json = LineDisplay(), JsonDisplay()
    for display in (lines, as_json):
        display.changed(state)
        display.event(state, FRAME)
        display.event(state, Warned(schedule="sea", message="careful"))
        state.status, state.message = "failed", "why\nso"
        display.changed(state)
        display.close([state])
        state.status, state.message = "waiting", ""
    captured = capsys.readouterr()
    plain = [line for line in captured.out.splitlines() if line[0] != "{"]
    assert plain == ["sea: frame 4/6  12.3 steps/s  1:01 left", "1 job: 1 failed"]
    assert captured.err.splitlines() == ["sea: warning: careful", "sea: failed (0 of 6 frames):", "  why", "  so"]
    events = [json.loads(line) for line in captured.out.splitlines() if line[0] == "{"]
    assert [(event["event"], event.get("job")) for event in events] == [
        ("job", "sea"),
        ("frame", "sea"),
        ("warning", "sea"),
        ("job", "sea"),
        ("batch", None),
    ]
    assert events[-1]["states"] == {"failed": 1}
