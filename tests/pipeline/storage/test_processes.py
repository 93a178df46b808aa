"""Whether the process recorded in a file is still running."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.storage.processes import boot, is_running, start_of

ME = os.getpid()
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def test_this_process_is_running_and_one_that_has_ended_is_not() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    began = start_of(child.pid)
    assert is_running(ME, start_of(ME), boot())
    assert is_running(child.pid, began, boot())
    child.communicate()
    assert not is_running(child.pid, began, boot())
    assert start_of(child.pid) == ""


@linux
def test_a_reused_process_id_is_another_process() -> None:
    assert not is_running(ME, str(int(start_of(ME)) - 1), boot())
    assert not is_running(ME, start_of(ME), "another boot")


def test_values_that_were_not_recorded_are_not_compared() -> None:
    assert is_running(ME)
    assert is_running(ME, "", boot())
    assert is_running(os.getppid())
    assert not is_running(2**30)
    assert not is_running(2**80)
    assert not is_running(0)
    assert not is_running(-1)


@linux
def test_the_start_is_read_after_a_process_name_with_brackets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "7").mkdir()
    fields = " ".join(["S", *map(str, range(4, 53))])
    (tmp_path / "7" / "stat").write_text(f"7 (odd) (name)) {fields}")
    monkeypatch.setattr("pipeline.storage.processes._STAT", f"{tmp_path}/{{pid}}/stat")
    assert start_of(7) == "22"


def test_without_proc_only_the_id_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS."""
    monkeypatch.setattr("pipeline.storage.processes._STAT", "/nowhere/{pid}")
    monkeypatch.setattr("pipeline.storage.processes._BOOT", Path("/nowhere"))
    assert (start_of(ME), boot()) == ("", "")
    assert is_running(ME, "123", "another boot")
    assert not is_running(2**30, "123", "another boot")
