import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.lock import only_writer
from pipeline.run.folder.status import Status, ranges, read_status

FRAMES = 12
Made = Callable[..., RunFolder]


def test_finished_run_is_done(made: Made) -> None:
    status = read_status(made())
    assert (status.frames, status.done, status.stale, status.missing) == (FRAMES, (f"0:{FRAMES}",), (), ())
    assert (status.states, status.edited, status.video, status.writer) == ((7, 10, 11), False, True, None)


def test_an_unfinished_run_lacks_the_remaining_frames(made: Made) -> None:
    status = read_status(made(frames=(None, 5)))
    assert (status.done, status.missing, status.states) == (("0:5",), (f"5:{FRAMES}",), (3, 4))


def test_torn_and_foreign_frames_are_missing(made: Made) -> None:
    folder = made()
    whole = folder.frames.path(3).read_bytes()
    folder.frames.path(3).write_bytes(whole[:-5])
    folder.frames.path(4).write_text("not a picture")
    folder.frames.path(9).unlink()
    status = read_status(folder)
    assert (status.done, status.missing) == (("0:3", "5:9", "10:12"), ("3:5", "9:10"))


def test_damaged_state_does_not_count(made: Made) -> None:
    folder = made()
    (folder.path / "state" / "000011.safetensors").write_bytes(b"torn")
    assert read_status(folder).states == (7, 10)


def test_an_edit_makes_the_changed_frames_stale(made: Made, toy_file: Path) -> None:
    folder = made()
    toy_file.write_text(toy_file.read_text().replace("11: blue", "11: green"))
    status = read_status(folder)
    assert status.edited
    assert (status.done, status.stale, status.missing, status.states) == (("0:8",), ("8:12",), (), (7,))


def test_frames_past_the_end_are_stale(made: Made, toy_file: Path) -> None:
    folder = made()
    toy_file.write_text(toy_file.read_text().replace("length: 12", "length: 8"))
    status = read_status(folder)
    assert (status.frames, status.done, status.stale) == (8, ("0:8",), ("8:12",))


def test_a_comment_is_an_edit_that_makes_nothing_stale(made: Made, toy_file: Path) -> None:
    folder = made()
    toy_file.write_text(toy_file.read_text() + "# a thought\n")
    status = read_status(folder)
    assert (status.edited, status.stale) == (True, ())


def test_reading_the_status_changes_nothing(made: Made) -> None:
    folder = made()
    before = {path: path.stat().st_mtime_ns for path in folder.path.rglob("*")}
    read_status(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.path.rglob("*")} == before


def test_the_current_writer_is_shown(made: Made) -> None:
    folder = made()
    with only_writer(folder.path):
        status = read_status(folder)
    assert status.writer is not None
    assert f"  being rendered by process {status.writer.pid} on {status.writer.host}" in str(status)
    assert json.loads(status.to_json())["writer"]["pid"] == status.writer.pid


def test_lines_show_counts_ranges_and_how_to_continue(made: Made, toy_file: Path) -> None:
    folder = made(frames=(None, 5))
    shutil.copy(folder.frames.path(0), folder.frames.path(7))
    assert str(read_status(folder)).splitlines() == [
        f"{folder.path}: 12 frames of {toy_file}",
        "  done          5  0:5",
        "  stale         1  7:8",
        "  missing       6  5:7 8:12",
        "  video            shows 5 of 12 frames",
        f"  continue with: render {toy_file}",
    ]


def test_a_video_of_an_unknown_number_of_frames(made: Made) -> None:
    folder = made()
    assert "  video            present" in str(read_status(folder)).splitlines()
    folder.report.unlink()
    assert "  video            present" in str(read_status(folder)).splitlines()
    folder.frames.path(11).unlink()
    assert "  video            present; it may not show all frames" in str(read_status(folder)).splitlines()


def test_many_ranges_are_shortened() -> None:
    many = ranges(set(range(0, 40, 2)))
    status = Status(
        folder="out/toy",
        schedule="toy.yaml",
        frames=40,
        done=many,
        stale=(),
        missing=ranges(set(range(1, 40, 2))),
        states=(),
        edited=True,
        video=False,
        writer=None,
    )
    lines = str(status).splitlines()
    assert lines[0].endswith("(edited since)")
    assert lines[1] == "  done         20  0:1 2:3 4:5 6:7 8:9 10:11 12:13 14:15 ..."
    assert lines[4] == "  video            not made yet"


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [(set(), ()), ({0, 1, 2, 7}, ("0:3", "7:8")), ({5}, ("5:6",)), ({9, 8, 1}, ("1:2", "8:10"))],
)
def test_ranges_use_the_notation_of_frames(numbers: set[int], expected: tuple[str, ...]) -> None:
    assert ranges(numbers) == expected
