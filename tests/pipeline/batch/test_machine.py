"""Failures of the machine: a GPU fails, memory is too small for a thread; each is reported in one line."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.batch.conftest import Workspace, alone, toy

# A real process whose renderer gets a GPU's error once: at frame 3, in whichever process gets there first.
BROKEN_GPU = """
from pathlib import Path
import torch
from render.renderer.renderer import Renderer
step = Renderer.step
message = "CUDA error: an illegal memory access was encountered\\nCUDA kernel errors might be asynchronously reported"
def broken(self, state, spec, **how):
    mark = Path("met")
    if spec.index == 3 and not mark.exists():
        mark.touch()
        raise getattr(torch, "AcceleratorError", RuntimeError)(message)
    return step(self, state, spec, **how)
Renderer.step = broken
if __name__ == "__main__":
    from pipeline.cli import entry
    entry()
"""


def call(workspace: Workspace, *arguments: str, script: str = BROKEN_GPU) -> tuple[int, str, str]:
    (workspace.path / "broken_gpu.py").write_text(script)
    done = subprocess.run(
        [sys.executable, "broken_gpu.py", *arguments, "--device", "cpu"],
        cwd=workspace.path,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_a_gpu_that_fails_ends_the_process_with_one_line(workspace: Workspace) -> None:
    workspace.write("a", toy(1))
    workspace.write("b", toy(2))
    code, out, err = call(workspace, "s/a.yaml", "s/b.yaml", "--out", "out")
    assert code == 1
    [line] = err.splitlines()
    assert line == (
        "a: the GPU has failed (CUDA error: an illegal memory access was encountered), and this process can no longer"
        " use it; finished work is kept; run the same command again to continue"
    )
    assert len(workspace.frames("a")) == 3
    assert not (workspace.path / "out" / "b").exists()  # this process can render nothing
    assert "CUDA" not in out


def test_in_a_batch_another_worker_continues(workspace: Workspace) -> None:
    workspace.write("a", toy(1))
    code, out, err = call(workspace, "batch", "s", "--out", "out")
    assert code == 0, out + err
    assert "Traceback" not in out + err
    job = workspace.record()["a"]
    assert (job["state"], job["deaths"]) == ("finished", 1)
    assert len(workspace.workers("a")) == 2
    assert "the GPU has failed (CUDA error: an illegal memory access was encountered); continuing from frame " in out
    assert "CUDA error: an illegal memory access" in (workspace.path / "out" / "a" / "batch.log").read_text()
    assert workspace.frames("a") == alone(toy(1), workspace.path)


@pytest.mark.slow
def test_a_gpu_that_fails_in_lockstep(workspace: Workspace) -> None:
    """In lockstep, the steps are taken outside the runs."""
    workspace.write("a", toy(1))
    workspace.write("b", toy(2))
    text = BROKEN_GPU.replace(
        "from render.renderer.renderer import Renderer", "import render.refinement.lockstep as lockstep"
    )
    text = text.replace("step = Renderer.step", "take = lockstep.take_steps")
    body = "def broken(batch, count, replay):\n    raise RuntimeError(message)\nlockstep.take_steps = broken\n"
    begin, end = text.index("def broken"), text.index("if __name__")
    code, out, err = call(
        workspace, "s/a.yaml", "s/b.yaml", "--out", "out", "--lockstep", "2", script=text[:begin] + body + text[end:]
    )
    assert code == 1, out + err
    [line] = err.splitlines()
    assert line.startswith("the GPU has failed (CUDA error: an illegal memory access was encountered)")


@pytest.mark.slow
@pytest.mark.parametrize("gigabytes", [1.5, 2.5, 3.0, 3.5, 4.0])
def test_too_little_memory_for_torch_or_its_threads(workspace: Workspace, gigabytes: float) -> None:
    """What fails depends on the limit: loading torch, or its first thread; if neither fails, the run is complete."""
    limit = int(gigabytes * 1e9)
    done = subprocess.run(
        [workspace.command, workspace.write("a", toy(1)), "--out", "out", "--device", "cpu"],
        cwd=workspace.path,
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
        assert Path(workspace.path / "out" / "a" / "video.mp4").exists()


@pytest.mark.slow
def test_fail_fast_lets_running_jobs_finish_their_frame(workspace: Workspace) -> None:
    workspace.write("a", toy(1, frames=2))
    workspace.write("b", toy(2, frames=400))
    in_the_way = workspace.path / "out" / "a" / "frames"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("")
    code, output = workspace.batch("--fail-fast", "--jobs", 2)
    assert code == 1, output
    assert workspace.states() == {"a": "failed", "b": "stopped"}
    assert "a job has failed: finishing the frames being rendered" in output
    job = workspace.record()["b"]
    assert job["deaths"] == 0
    assert len(workspace.frames("b")) == job["done"] < 400
    if job["done"]:
        assert (workspace.path / "out" / "b" / "state" / f"{job['done'] - 1:06d}.safetensors").exists()
