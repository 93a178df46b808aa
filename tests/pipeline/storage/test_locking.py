"""Both kinds of lock files under one contract; that of Windows runs here on this system's locks."""

import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.history import History
from pipeline.run.folder.lock import NAME, Part, holder, in_use, only_writer
from pipeline.storage import locking
from pipeline.storage.locking import Exclusive, Flock, LockFile
from render.errors import FolderInUseError

KINDS = [Flock, Exclusive] if locking.HAS_FLOCK else [Exclusive]
FORK = multiprocessing.get_context("fork") if hasattr(os, "fork") else None
forks = pytest.mark.skipif(FORK is None, reason="this system cannot fork")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[LockFile]:
    """The kind of lock that everything uses in a test."""
    kind: type[LockFile] = request.param
    monkeypatch.setattr(locking, "LOCK", kind)
    return kind


def hold(told: Connection, folder: Path, part: Part | None) -> None:
    with only_writer(folder, part):
        told.send("held")
        signal.pause()


@contextmanager
def another_writer(folder: Path, part: Part | None) -> Iterator[int]:
    """A process that holds a folder; it is killed at the end of the block."""
    assert FORK is not None
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=hold, args=(theirs, folder, part), daemon=True)
    process.start()
    try:
        assert ours.recv() == "held"
        assert process.pid is not None
        yield process.pid
    finally:
        process.kill()
        process.join()


def test_a_lock_is_held_until_it_is_closed(kind: type[LockFile], tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with closing(kind(path)) as lock, closing(kind(path)) as other:
        assert lock.acquire()
        assert kind.is_held(path)
        assert not other.acquire()
    assert not kind.is_held(path)
    with closing(kind(path)) as lock:
        lock.wait()
        assert kind.is_held(path)


def test_a_note_is_read_while_the_lock_is_held(kind: type[LockFile], tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with closing(kind(path)) as lock:
        assert lock.acquire()
        for text in ("a longer note", "short"):
            lock.note(text)
            assert kind.note_of(path) == text
        lock.note("")
    with pytest.raises(FileNotFoundError):
        kind.note_of(tmp_path / "none")


@forks
def test_a_killed_writer_holds_nothing(kind: type[LockFile], tmp_path: Path) -> None:
    with another_writer(tmp_path, None) as pid:
        found = holder(tmp_path)
        assert found is not None
        assert found.pid == pid
        for part in (None, (0, 5)):
            with pytest.raises(FolderInUseError, match=f"process {pid} on "), only_writer(tmp_path, part):
                raise AssertionError("there are two writers")
    assert json.loads(kind.note_of(tmp_path / NAME))["pid"] == pid, "nobody has tidied up after it"
    assert holder(tmp_path) is None
    with only_writer(tmp_path):
        found = holder(tmp_path)
        assert found is not None
        assert found.pid == os.getpid()
    assert holder(tmp_path) is None


@forks
@pytest.mark.usefixtures("kind")
def test_writers_of_parts_exclude_whoever_shares_frames(tmp_path: Path) -> None:
    with another_writer(tmp_path, (0, 5)) as pid:
        for part in (None, (4, 9), (0, 5)):
            assert in_use(tmp_path, part).startswith(f"process {pid} on ")
            with pytest.raises(FolderInUseError, match=f"process {pid} on "), only_writer(tmp_path, part):
                raise AssertionError("there are two writers")
        assert in_use(tmp_path, (5, 9)) == ""
        with only_writer(tmp_path, (5, 9)), another_writer(tmp_path, (9, 12)):
            pass
    with only_writer(tmp_path):
        assert [path.name for path in tmp_path.glob(f"{NAME}-*")] == []


def enter(told: Connection, folder: Path) -> None:
    told.recv()
    with History(RunFolder(folder))._exclusive():
        told.send("inside")


@forks
@pytest.mark.usefixtures("kind")
def test_parts_change_the_history_one_by_one(tmp_path: Path) -> None:
    assert FORK is not None
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=enter, args=(theirs, tmp_path), daemon=True)
    process.start()  # before the lock is taken: a fork would inherit it
    with History(RunFolder(tmp_path))._exclusive():
        ours.send("go")
        assert not ours.poll(0.2)
    assert ours.recv() == "inside"
    process.join()
