import os
from pathlib import Path

import pytest

from pipeline.storage.atomic import replacing, write_text


def fail_halfway(path: Path) -> None:
    with replacing(path) as partial:
        partial.write_text("half of the new")
        raise RuntimeError("the writer failed")


def test_a_block_without_an_error_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    with replacing(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failing_writer_leaves_the_old_file_and_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="the writer failed"):
        fail_halfway(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failing_writer_creates_no_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        fail_halfway(tmp_path / "report.json")
    assert list(tmp_path.iterdir()) == []


def test_the_temporary_file_is_hidden_beside_the_file_and_keeps_its_suffix(tmp_path: Path) -> None:
    with replacing(tmp_path / "video.mp4") as partial:
        assert partial.parent == tmp_path
        assert partial.name.startswith(".")
        assert partial.suffix == ".mp4"
        partial.touch()


def test_content_is_synced_before_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    at_sync: list[tuple[bytes, str]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        at_sync.append((os.pread(descriptor, 100, 0), path.read_text()))

    monkeypatch.setattr(os, "fsync", fsync)
    write_text(path, "new")
    assert at_sync == [(b"new", "old")]


def test_a_temporary_file_left_by_a_crash_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    with replacing(path) as partial:
        partial.touch()
    partial.write_text("left by a crash, and longer than what follows")
    write_text(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_that_outlived_its_run_does_not_write_into_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    with replacing(path) as partial:
        partial.touch()
    # ffmpeg has its own session, so it keeps running after its `render` was killed
    with partial.open("wb", buffering=0) as orphan:
        orphan.write(b"....")
        with replacing(path) as partial:
            partial.write_bytes(b"new video")
            orphan.write(b"old video")
        assert path.read_bytes() == b"new video"


def test_text_is_written_as_utf8_with_unchanged_line_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "schedule.yaml", "prompts: a sea — noon 🌅\r\n")
    assert (tmp_path / "schedule.yaml").read_bytes() == "prompts: a sea — noon 🌅\r\n".encode()
