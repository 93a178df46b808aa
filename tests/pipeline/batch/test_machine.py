"""Failures of the machine: a GPU fails, memory is too small for a thread; each is reported in one line."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.batch.conftest import Desk, alone, toy

# A real process whose renderer gets a GPU's error once: at frame 3, in whichever process gets there first.
BROKEN_GPU = """
from pathlib import Path
import torch
from render.renderer.renderer import Renderer
step = Renderer.step
said = "CUDA error: an illegal memory access was encountered\\nCUDA kernel errors might be asynchronously reported"
def broken(self, state, spec):
    mark = Path("met")
    if spec.index == 3 and not mark.exists():
        mark.touch()
        raise getattr(torch, "AcceleratorError", RuntimeError)(said)
    return step(self, state, spec)
Renderer.step = broken
if __name__ == "__main__":
    from pipeline.cli import entry
    entry()
"""


def call(desk: Desk, *arguments: str, script: str = BROKEN_GPU) -> tuple[int, str, str]:
    (desk.path / "broken_gpu.py").write_text(script)
    done = subprocess.run(
        [sys.executable, "broken_gpu.py", *arguments, "--device", "cpu"],
        cwd=desk.path,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_a_gpu_that_fails_ends_the_process_with_one_line(desk: Desk) -> None:
    desk.write("a", toy(1))
    desk.write("b", toy(2))
    code, out, err = call(desk, "s/a.yaml", "s/b.yaml", "--out", "out")
    assert code == 1
    [line] = err.splitlines()
    assert line == (
        "a: the GPU has failed (CUDA error: an illegal memory access was encountered), and this process can no longer"
        " use it; finished work is kept; run the same command again to continue"
    )
    assert len(desk.frames("a")) == 3
    assert not (desk.path / "out" / "b").exists()  # this process can render nothing
    assert "CUDA" not in out


def test_in_a_batch_another_worker_continues(desk: Desk) -> None:
    desk.write("a", toy(1))
    code, out, err = call(desk, "batch", "s", "--out", "out")
    assert code == 0, out + err
    assert "Traceback" not in out + err
    job = desk.record()["a"]
    assert (job["state"], job["deaths"]) == ("finished", 1)
    assert len(desk.workers("a")) == 2
    assert "the GPU has failed (CUDA error: an illegal memory access was encountered); continuing from frame " in out
    assert "CUDA error: an illegal memory access" in (desk.path / "out" / "a" / "batch.log").read_text()
    assert desk.frames("a") == alone(toy(1), desk.path)


@pytest.mark.slow
def test_a_gpu_that_fails_in_lockstep(desk: Desk) -> None:
    """In lockstep, the steps are taken outside the runs."""
    desk.write("a", toy(1))
    desk.write("b", toy(2))
    text = BROKEN_GPU.replace(
        "from render.renderer.renderer import Renderer", "import render.refinement.lockstep as lockstep"
    )
    text = text.replace("step = Renderer.step", "take = lockstep.take")
    body = "def broken(batch, count):\n    raise RuntimeError(said)\nlockstep.take = broken\n"
    begin, end = text.index("def broken"), text.index("if __name__")
    code, out, err = call(
        desk, "s/a.yaml", "s/b.yaml", "--out", "out", "--lockstep", "2", script=text[:begin] + body + text[end:]
    )
    assert code == 1, out + err
    [line] = err.splitlines()
    assert line.startswith("the GPU has failed (CUDA error: an illegal memory access was encountered)")


@pytest.mark.slow
@pytest.mark.parametrize("gigabytes", [1.5, 2.5, 3.0, 3.5, 4.0])
def test_too_little_memory_for_torch_or_its_threads(desk: Desk, gigabytes: float) -> None:
    """What fails depends on the limit: loading torch, or its first thread; if neither fails, the run is complete."""
    limit = int(gigabytes * 1e9)
    done = subprocess.run(
        [desk.command, desk.write("a", toy(1)), "--out", "out", "--device", "cpu"],
        cwd=desk.path,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1)
    if done.returncode:
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert "finished work is kept" in done.stderr
    else:
        assert Path(desk.path / "out" / "a" / "video.mp4").exists()


@pytest.mark.slow
def test_fail_fast_lets_running_jobs_finish_their_frame(desk: Desk) -> None:
    desk.write("a", toy(1, frames=2))
    desk.write("b", toy(2, frames=400))
    in_the_way = desk.path / "out" / "a" / "frames"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("")
    code, said = desk.batch("--fail-fast", "--jobs", 2)
    assert code == 1, said
    assert desk.states() == {"a": "failed", "b": "stopped"}
    assert "a job has failed: finishing the frames being rendered" in said
    job = desk.record()["b"]
    assert job["deaths"] == 0
    assert len(desk.frames("b")) == job["done"] < 400
    if job["done"]:
        assert (desk.path / "out" / "b" / "state" / f"{job['done'] - 1:06d}.safetensors").exists()
