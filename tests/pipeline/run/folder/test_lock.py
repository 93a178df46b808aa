import fcntl
import json
import multiprocessing
import os
import platform
from pathlib import Path

import pytest

from pipeline.run.folder.lock import NAME, Holder, holder, in_use, only_writer
from pipeline.storage.processes import boot, start_of
from render.errors import FolderInUseError, OutputFolderError


def test_the_holder_is_this_process_inside_the_block_and_nobody_after(tmp_path: Path) -> None:
    with only_writer(tmp_path):
        found = holder(tmp_path)
        assert found is not None
        assert (found.host, found.pid) == (platform.node(), os.getpid())
    assert holder(tmp_path) is None
    assert (tmp_path / NAME).read_bytes() == b""


def test_a_second_writer_is_refused_with_the_holder_and_its_start(tmp_path: Path) -> None:
    with only_writer(tmp_path):
        first = (tmp_path / NAME).read_bytes()
        with pytest.raises(FolderInUseError) as caught, only_writer(tmp_path):
            raise AssertionError("there are two writers")
        assert (tmp_path / NAME).read_bytes() == first, "the refused writer must not overwrite the holder's name"
    started = json.loads(first)["started"]
    assert str(caught.value).startswith(
        f"{tmp_path}: is being rendered by process {os.getpid()} on {platform.node()}, since {started}"
    )


def test_a_missing_folder_is_created(tmp_path: Path) -> None:
    with only_writer(tmp_path / "out" / "toy"):
        assert (tmp_path / "out" / "toy").is_dir()


def test_lock_is_free_again_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), only_writer(tmp_path):
        raise RuntimeError
    assert holder(tmp_path) is None
    with only_writer(tmp_path):
        assert holder(tmp_path) is not None


def die_holding(folder: Path) -> None:
    with only_writer(folder):
        os._exit(9)


def test_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=die_holding, args=(tmp_path,))
    process.start()
    process.join()
    assert json.loads((tmp_path / NAME).read_text())["pid"] == process.pid
    assert holder(tmp_path) is None
    with only_writer(tmp_path):
        found = holder(tmp_path)
        assert found is not None
        assert found.pid == os.getpid()


@pytest.mark.parametrize("content", [b"", b"{torn", b"[1]", b'{"pid": 1}', b"\xff\xfe"])
def test_a_lock_file_without_a_name_also_locks(tmp_path: Path, content: bytes) -> None:
    """The operating system's lock decides; the text is only for people."""
    with (tmp_path / NAME).open("wb") as file:
        file.write(content)
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(FolderInUseError, match="is being rendered by another run"), only_writer(tmp_path):
            raise AssertionError("there are two writers")
    with only_writer(tmp_path):
        pass


def test_a_briefly_held_lock_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`render status` takes the lock briefly to test it."""
    with (tmp_path / NAME).open("wb") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        monkeypatch.setattr("pipeline.storage.locking.time.sleep", lambda seconds: fcntl.flock(asking, fcntl.LOCK_UN))
        with only_writer(tmp_path):
            assert holder(tmp_path) is not None


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulates a file system without locks."""

    def flock(descriptor: int, operation: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("pipeline.storage.locking.fcntl.flock", flock)


@pytest.mark.usefixtures("no_locks")
def test_a_file_system_without_locks_is_accepted(tmp_path: Path) -> None:
    with only_writer(tmp_path):
        assert json.loads((tmp_path / NAME).read_text())["pid"] == os.getpid()


@pytest.mark.usefixtures("no_locks")
@pytest.mark.parametrize(
    ("host", "pid", "refused"),
    [
        (platform.node(), os.getppid(), True),
        (platform.node(), os.getpid(), False),
        (platform.node(), 2**30, False),
        ("another", os.getppid(), False),
    ],
    ids=["parent", "own", "none", "another host"],
)
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="asks /proc")
def test_without_locks_the_files_content_decides(tmp_path: Path, host: str, pid: int, refused: bool) -> None:
    (tmp_path / NAME).write_text(json.dumps({"host": host, "pid": pid, "started": "2026-01-02 03:04:05"}))
    if refused:
        with pytest.raises(FolderInUseError, match=f"process {pid} on "), only_writer(tmp_path):
            raise AssertionError("there are two writers")
    else:
        with only_writer(tmp_path):
            assert json.loads((tmp_path / NAME).read_text())["pid"] == os.getpid()


OTHER = os.getppid()


def noted(**changes: object) -> str:
    """What the parent of this process would have written into the lock file."""
    who = {"host": platform.node(), "pid": OTHER, "started": "2026-01-02 03:04:05"}
    return json.dumps({**who, "start": start_of(OTHER), "boot": boot(), **changes})


@pytest.mark.usefixtures("no_locks")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc")
@pytest.mark.parametrize("changes", [{"start": "1"}, {"boot": "an earlier one"}, {"pid": "no number"}])
def test_without_locks_a_reused_process_number_holds_nothing(tmp_path: Path, changes: dict[str, object]) -> None:
    (tmp_path / NAME).write_text(noted(**changes))
    assert holder(tmp_path) is None
    assert in_use(tmp_path) == ""
    with only_writer(tmp_path):
        assert json.loads((tmp_path / NAME).read_text())["pid"] == os.getpid()


@pytest.mark.usefixtures("no_locks")
def test_without_locks_the_writer_is_reported(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(noted())
    found = holder(tmp_path)
    assert found is not None
    assert found.pid == OTHER
    assert in_use(tmp_path) == in_use(tmp_path, (0, 5)) == str(found)


@pytest.mark.usefixtures("no_locks")
def test_without_locks_parts_exclude_writers_that_share_frames(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}-5-9").write_text(noted())
    with only_writer(tmp_path, (0, 5)):
        pass
    for part in ((0, 6), (8, 12), None):
        with pytest.raises(FolderInUseError, match=f"process {OTHER} on "), only_writer(tmp_path, part):
            raise AssertionError("there are two writers")


def test_a_killed_holder_is_not_named_for_a_part(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=die_holding, args=(tmp_path,))
    process.start()
    process.join()
    with only_writer(tmp_path, (0, 5)):
        with pytest.raises(FolderInUseError, match=f"process {os.getpid()} on "), only_writer(tmp_path):
            raise AssertionError("there are two writers")
        assert (tmp_path / NAME).read_bytes() == b""


def test_a_folder_that_cannot_be_created_is_reported_with_the_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "j1").write_text("a file")
    for folder in (tmp_path / "j1", tmp_path / "j1" / "deep"):
        with pytest.raises(OutputFolderError) as caught, only_writer(folder):
            raise AssertionError("there is no folder")
        assert str(caught.value) == f"cannot create the output folder {folder}: {tmp_path / 'j1'} is a file"


def test_a_folder_that_cannot_be_written_to_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*arguments: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pipeline.storage.locking.os.open", denied)
    with pytest.raises(
        OutputFolderError, match=r"cannot write to the output folder .*: Permission denied; finished work"
    ):
        only_writer(tmp_path).__enter__()


def test_nobody_holds_a_missing_folder(tmp_path: Path) -> None:
    assert holder(tmp_path / "nowhere") is None


def test_holder_reads_as_a_sentence() -> None:
    who = Holder(host="tower", pid=12, started="2026-01-02 03:04:05")
    assert str(who) == "process 12 on tower, since 2026-01-02 03:04:05"
