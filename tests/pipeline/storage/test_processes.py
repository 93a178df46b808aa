"""Whether the process that a file names is still the same process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.storage.processes import boot, lives, start_of

ME = os.getpid()
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc")


def test_this_process_lives_and_one_that_has_ended_does_not() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    began = start_of(child.pid)
    assert lives(ME, start_of(ME), boot())
    assert lives(child.pid, began, boot())
    child.communicate()
    assert not lives(child.pid, began, boot())
    assert start_of(child.pid) == ""


@linux
def test_a_number_that_was_given_out_again_is_another_process() -> None:
    assert not lives(ME, str(int(start_of(ME)) - 1), boot())
    assert not lives(ME, start_of(ME), "another boot")


def test_what_was_not_noted_does_not_count() -> None:
    assert lives(ME)
    assert lives(ME, "", boot())
    assert lives(os.getppid())
    assert not lives(2**30)
    assert not lives(2**80)
    assert not lives(0)
    assert not lives(-1)


@linux
def test_the_start_is_read_past_a_name_with_brackets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "7").mkdir()
    fields = " ".join(["S", *map(str, range(4, 53))])
    (tmp_path / "7" / "stat").write_text(f"7 (odd) (name)) {fields}")
    monkeypatch.setattr("pipeline.storage.processes._STAT", f"{tmp_path}/{{pid}}/stat")
    assert start_of(7) == "22"


def test_without_proc_the_number_alone_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS."""
    monkeypatch.setattr("pipeline.storage.processes._STAT", "/nowhere/{pid}")
    monkeypatch.setattr("pipeline.storage.processes._BOOT", Path("/nowhere"))
    assert (start_of(ME), boot()) == ("", "")
    assert lives(ME, "123", "another boot")
    assert not lives(2**30, "123", "another boot")
