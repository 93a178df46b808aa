"""A full disk, and one that cannot be written to: one message, and everything finished is kept."""

import contextlib
import os
import random
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import Tally
from tests.faults.harness import Workspace, assert_equal, assert_nothing_broken

MANY = int(os.environ.get("RENDER_FAULT_PLACES", "20"))


@contextlib.contextmanager
def mounted(path: Path, options: str) -> Iterator[Path]:
    """Mount a small separate disk at `path`; skip the test if mounting is not permitted."""
    path.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small disk cannot be mounted here: {error}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def remount(path: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", path], check=True)


def size_of(folder: Path) -> int:
    """Bytes that the files of a finished run occupy, in whole pages."""
    return sum(-(-path.stat().st_size // 4096) * 4096 for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("count", [1, pytest.param(MANY, marks=pytest.mark.slow, id="many")])
def test_a_full_disk_loses_nothing(
    count: int, new_workspace: Callable[[str], Workspace], reference: Workspace, tally: Tally
) -> None:
    """The disk fills up after a random number of pages, repeatedly, until there is room for everything."""
    begun, chance = time.monotonic(), random.Random(count)
    needed = size_of(reference.folder)
    tried, number = 0, 0
    while tried < count:
        number += 1
        workspace = new_workspace(f"place-{number}")
        size, kept = 0, dict[str, tuple[int, int]]()
        with mounted(workspace.path / "out", "size=8k"):
            while tried < count:
                size += chance.randint(1, max(2, needed // 4096 // 3)) * 4096
                remount(workspace.path / "out", f"size={size}")
                done = workspace.call("toy.yaml", "--out", "out")
                if done.code == 0:
                    break
                tried += 1
                assert done.code == 1
                assert "No space left on device" in done.message or "the disk is full" in done.message
                assert_nothing_broken(workspace, reference)
                assert kept.items() <= workspace.stamps().items(), "a finished frame was lost, or written again"
                kept = workspace.stamps()
            remount(workspace.path / "out", "size=64m")
            workspace.render()
            assert_equal(workspace, reference)
            assert kept.items() <= workspace.stamps().items()
    tally.add("disk full", tried, time.monotonic() - begun)


def no_file_over(size: int) -> Callable[[], None]:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # otherwise it kills the process before the write can fail
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@pytest.mark.slow
@pytest.mark.parametrize("size", [1_000, 8_000, 25_000])
def test_a_write_that_fails_halfway_loses_nothing(size: int, workspace: Workspace, reference: Workspace) -> None:
    """For machines that cannot mount a disk: no file may be longer than `size` bytes."""
    done = workspace.call("toy.yaml", "--out", "out", preexec_fn=no_file_over(size))
    assert done.code == 1
    assert "File too large" in done.message
    assert workspace.half_written() == []
    assert_nothing_broken(workspace, reference)
    workspace.render()
    assert_equal(workspace, reference)


def test_a_read_only_folder_is_reported(workspace: Workspace, reference: Workspace) -> None:
    with mounted(workspace.path / "out", "size=64m,ro") as out:
        done = workspace.call("toy.yaml", "--out", "out")
        assert done.code == 1
        assert "Read-only file system" in done.message
        assert "out/toy" in done.message
        remount(out, "rw")
        (workspace.folder / "frames").mkdir(parents=True)
        for name, content in reference.pictures().items():
            (workspace.folder / "frames" / name).write_bytes(content)
        remount(out, "ro")
        done = workspace.call("toy.yaml", "--out", "out")
        assert done.code == 1
        assert "Read-only file system" in done.message
        assert workspace.pictures() == reference.pictures()


def test_status_and_verify_work_on_a_read_only_folder(done: Workspace, tmp_path: Path) -> None:
    """They write nothing."""
    folder = tmp_path / "mount"
    with mounted(folder, "size=64m") as out:
        subprocess.run(["cp", "-r", done.folder, out], check=True)
        remount(out, "ro")
        assert done.call("status", out / "toy").code == 0
        assert done.call("verify", out / "toy").code == 0
        result = done.call("assemble", out / "toy")
        assert result.code == 1
        assert "Read-only file system" in result.message


def test_a_file_instead_of_the_output_folder_is_reported(workspace: Workspace) -> None:
    (workspace.path / "out").write_text("a file")
    done = workspace.call("toy.yaml", "--out", "out")
    assert done.code in (1, 2)
    assert str(Path("out")) in done.message
