import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.run.events import Event, Failed, Finished, FrameDone, Interrupted, Started
from pipeline.run.progress import BarReporter, JsonReporter, LineReporter, Reporter, choose_reporter

STARTED = Started(
    schedule="sea", folder=Path("out/sea"), frames=12, first=3, last=8, stale=0, device="cpu", remaining=5
)
FINISHED = Finished(schedule="sea", video=Path("out/sea/video.mp4"), frames=8, rendered=5, seconds=61.4)
RUN_AGAIN = "run the same command again to continue"
INTERRUPTED = Interrupted(schedule="sea", folder=Path("out/sea"), done=5, frames=12, go_on=RUN_AGAIN)
FAILED = Failed(schedule="sea", message="ffmpeg: the disk is full")


def frame(index: int, **changes: Any) -> FrameDone:
    fields = {"remaining": 7 - index, "seconds": 0.5, "steps_per_second": 12.0, "similarity": 0.25, "seconds_left": 9.0}
    return FrameDone(index=index, **{"schedule": "sea", **fields, **changes})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The reporter's clock: the time is the only entry of this list."""
    now = [1000.0]
    monkeypatch.setattr("pipeline.run.progress.time.monotonic", lambda: now[0])
    return now


# JSON


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            STARTED,
            {"event": "started", "schedule": "sea", "folder": "out/sea", "frames": 12, "first": 3, "last": 8}
            | {"stale": 0, "device": "cpu", "begin": 0, "remaining": 5},
        ),
        (
            frame(3),
            {"event": "frame", "schedule": "sea", "index": 3, "remaining": 4, "seconds": 0.5, "steps_per_second": 12.0}
            | {"similarity": 0.25, "seconds_left": 9.0},
        ),
        (
            FINISHED,
            {"event": "finished", "schedule": "sea", "video": "out/sea/video.mp4", "frames": 8, "rendered": 5}
            | {"seconds": 61.4, "taken_back": 0},
        ),
        (
            INTERRUPTED,
            {
                "event": "interrupted",
                "schedule": "sea",
                "folder": "out/sea",
                "done": 5,
                "frames": 12,
                "go_on": RUN_AGAIN,
            },
        ),
        (
            FAILED,
            {
                "event": "failed",
                "schedule": "sea",
                "message": "ffmpeg: the disk is full",
                "fatal": False,
                "held_by": "",
            },
        ),
    ],
)
def test_json_event_has_its_documented_fields(
    capsys: pytest.CaptureFixture[str], event: Event, expected: dict[str, Any]
) -> None:
    JsonReporter()(event)
    captured = capsys.readouterr()
    assert captured.out.endswith("\n")
    assert captured.out.count("\n") == 1
    assert json.loads(captured.out) == expected
    assert captured.err == ""


def test_json_has_null_without_a_similarity(capsys: pytest.CaptureFixture[str]) -> None:
    JsonReporter()(frame(0, similarity=None))
    assert json.loads(capsys.readouterr().out)["similarity"] is None


def test_json_event_is_one_line_whatever_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    message = 'two\nlines, "quoted" — and more'
    JsonReporter()(Failed(schedule="a\nb", message=message))
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out)["message"] == message


@pytest.mark.parametrize("reporter", [JsonReporter, LineReporter])
def test_notes_stay_out_of_standard_output(capsys: pytest.CaptureFixture[str], reporter: type[Reporter]) -> None:
    reporter().note("finishing this frame")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "finishing this frame\n")


# lines


def test_lines_show_start_frame_and_end(capsys: pytest.CaptureFixture[str]) -> None:
    report = LineReporter()
    for event in (STARTED, frame(3), FINISHED):
        report(event)
    assert capsys.readouterr().out.splitlines() == [
        "sea: 12 frames on cpu to out/sea; resuming: 3 frames reused",
        "frame 4/12  12.0 steps/s  similarity 0.250  0:09 left",
        "out/sea/video.mp4: 8 frames (5 new, 61 s)",
    ]


def test_frames_are_shown_every_five_seconds_and_at_the_end(
    capsys: pytest.CaptureFixture[str], clock: list[float]
) -> None:
    report = LineReporter()
    report(STARTED)
    capsys.readouterr()
    for index in range(8):
        report(frame(index))
        clock[0] += 2.0
    shown = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert shown == ["1/12", "4/12", "7/12", "8/12"]


def test_line_without_prompts_has_no_similarity(capsys: pytest.CaptureFixture[str]) -> None:
    LineReporter()(frame(0, similarity=None))
    assert "similarity" not in capsys.readouterr().out


def test_nothing_to_do_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    LineReporter()(Finished(schedule="sea", video=Path("video.mp4"), frames=8, rendered=0, seconds=0.1))
    assert capsys.readouterr().out == "video.mp4: 8 frames (nothing to do)\n"


def test_frames_of_earlier_runs_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    event = Finished(schedule="sea", video=Path("video.mp4"), frames=8, rendered=0, seconds=0.1, taken_back=3)
    LineReporter()(event)
    LineReporter()(replace(event, rendered=2, seconds=4.0))
    assert capsys.readouterr().out.splitlines() == [
        "video.mp4: 8 frames (0 new, 3 from earlier runs, 0 s)",
        "video.mp4: 8 frames (2 new, 3 from earlier runs, 4 s)",
    ]


def test_an_interruption_shows_how_to_continue(capsys: pytest.CaptureFixture[str]) -> None:
    LineReporter()(INTERRUPTED)
    assert capsys.readouterr().out == f"sea: 5 of 12 frames are done; {RUN_AGAIN}\n"


def test_failure_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    LineReporter()(FAILED)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "sea: ffmpeg: the disk is full\n")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0:00"),
        (0.4, "0:00"),
        (59.4, "0:59"),
        (59.6, "1:00"),
        (3599.4, "59:59"),
        (3599.6, "1:00:00"),
        (3661.0, "1:01:01"),
        (360000.0, "100:00:00"),
    ],
)
def test_durations(capsys: pytest.CaptureFixture[str], seconds: float, shown: str) -> None:
    LineReporter()(frame(0, seconds_left=seconds))
    assert capsys.readouterr().out.endswith(f"  {shown} left\n")


# the bar


@pytest.fixture
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")


@pytest.mark.usefixtures("wide_terminal")
def test_bar_shows_frame_speed_similarity_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    report = BarReporter()
    report(STARTED)
    report(frame(4))
    report(FINISHED)
    report.close()
    captured = capsys.readouterr()
    for part in ("sea", "5/8", "12.0 steps/s", "similarity 0.250", "0:09 left"):
        assert part in captured.err
    assert captured.out.splitlines()[-1] == "out/sea/video.mp4: 8 frames (5 new, 61 s)"


def both(report: Reporter) -> None:
    """Two schedules rendered at the same time; one of them ends."""
    for name in ("sea", "sky"):
        report(replace(STARTED, schedule=name))
        report(frame(3, schedule=name))
    report(replace(FINISHED, schedule="sea"))
    report(frame(7, schedule="sky"))


def test_lines_name_the_schedule_if_there_are_several(capsys: pytest.CaptureFixture[str]) -> None:
    both(LineReporter())
    lines = [line for line in capsys.readouterr().out.splitlines() if "frame " in line]
    assert [line.partition("  ")[0] for line in lines] == ["frame 4/12", "sky: frame 4/12", "frame 8/12"]


@pytest.mark.usefixtures("wide_terminal")
def test_every_schedule_has_its_own_bar(capsys: pytest.CaptureFixture[str]) -> None:
    report = BarReporter()
    both(report)
    report.close()
    captured = capsys.readouterr()
    shown = captured.err
    assert "sky" in shown[shown.index("sea") : shown.rindex("sea")]
    assert "8/8" in shown[shown.rindex("sea") :]
    assert "out/sea/video.mp4" in captured.out


@pytest.mark.usefixtures("wide_terminal")
def test_the_bar_shows_one_run_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    report = BarReporter()
    for name in ("first", "second"):
        report(
            Started(schedule=name, folder=Path("out"), frames=2, first=0, last=2, stale=0, device="cpu", remaining=2)
        )
        report(frame(0, schedule=name, remaining=1))
        report(frame(1, schedule=name, remaining=0))
        report(replace(FINISHED, schedule=name))
    shown = capsys.readouterr().err
    assert "2/2" in shown[shown.index("second") :]
    assert "first" not in shown[shown.rindex("second") :]


def test_the_bar_can_be_closed_twice_and_accepts_a_run_that_rendered_nothing() -> None:
    report = BarReporter()
    report(FINISHED)
    report(frame(0))
    report.close()
    report.close()


@pytest.mark.usefixtures("wide_terminal")
@pytest.mark.parametrize("title", ["take [red]", "[b]sea", "sea[/b]", "[/]"])
def test_a_title_with_brackets_is_shown_unchanged(capsys: pytest.CaptureFixture[str], title: str) -> None:
    report = BarReporter()
    try:
        report(
            Started(schedule=title, folder=Path("out"), frames=2, first=0, last=2, stale=0, device="cpu", remaining=2)
        )
        report(frame(0))
    finally:
        report.close()
    assert title in capsys.readouterr().err


def test_the_reporter_depends_on_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(choose_reporter(True), JsonReporter)
    assert isinstance(choose_reporter(False), LineReporter)  # under pytest there is no terminal
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert isinstance(choose_reporter(False), BarReporter)
    assert isinstance(choose_reporter(True), JsonReporter)
