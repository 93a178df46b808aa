"""`python -m bench gpu` in its tiny size on the CPU: everything is measured or named, and nothing is overwritten."""

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from bench.__main__ import main
from bench.gpu import tables
from bench.gpu.clock import Clock, NoTimeError
from bench.gpu.peaks import Peaks
from bench.gpu.subjects import TINY
from render.device import memory
from tests.counting import Counts

CPU = torch.device("cpu")


def test_everything_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "step_of", lambda setting: Counts(flops=10**9, traffic=10**6))  # tests/test_counting.py
    out = tmp_path / "gpu.md"
    found = CliRunner().invoke(main, ["gpu", "--device", "cpu", "--out", str(out)])
    assert found.exit_code == 0, found.output
    text = out.read_text(encoding="utf-8")
    for table in ("The device", "A step, ms", "Frames", "Several pictures as one batch", "The writer alone"):
        rows = text.partition(f"## {table}\n")[2].partition("\n##")[0]
        assert any(character.isdigit() for character in rows.partition("--- |\n")[2]), table
    assert "failed" not in text
    assert "pytest -m gpu" in text


def test_nothing_is_overwritten_and_without_time_all_tables_are_named(tmp_path: Path) -> None:
    out = tmp_path / "gpu.md"
    command = ["gpu", "--device", "cpu", "--out", str(out), "--minutes", "0"]
    assert CliRunner().invoke(main, command).exit_code == 0
    text = out.read_text(encoding="utf-8")
    assert "The time was over in 'The device'; skipped: A step, ms; skipped: Frames" in text
    again = CliRunner().invoke(main, command)
    assert again.exit_code == 2
    assert "--force" in again.output
    assert CliRunner().invoke(main, [*command, "--force"]).exit_code == 0


@pytest.mark.skipif(torch.cuda.is_available() or torch.backends.mps.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so(tmp_path: Path) -> None:
    found = CliRunner().invoke(main, ["gpu", "--out", str(tmp_path / "gpu.md")])
    assert found.exit_code == 2
    assert "no GPU" in found.output


def measurements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tables.Measurements:
    monkeypatch.setattr(tables, "step_of", lambda setting: Counts(flops=10**9, traffic=10**6, kept=3 * 10**9))
    return tables.Measurements(Clock(device=CPU, end=float("inf"), enough=0.0), tmp_path)


def test_a_device_that_is_too_small_is_told_in_the_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda device: 10**9)
    small = measurements(tmp_path, monkeypatch)
    found = small._tried(small._require_memory, TINY[0], 2)
    assert found == "needs about 7.5 GB, 1.0 GB are free"


def test_failures_stay_in_their_row_but_the_end_of_time_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(error: Exception) -> None:
        raise error

    tried = measurements(tmp_path, monkeypatch)._tried
    assert tried(fail, torch.OutOfMemoryError("CUDA out of memory")) == "out of memory"
    assert tried(fail, RuntimeError("capture is not allowed\nmore")) == "failed: capture is not allowed"
    with pytest.raises(NoTimeError):
        tried(fail, NoTimeError())


def test_the_ideal_is_the_longer_of_arithmetic_and_traffic() -> None:
    peaks = Peaks(flops=1e12, bandwidth=1e9, launch=1e-6)
    assert peaks.ideal(Counts(flops=2 * 10**12, traffic=10**9), 3) == pytest.approx(6)
    assert peaks.ideal(Counts(flops=10**11, traffic=10**9)) == pytest.approx(1)
