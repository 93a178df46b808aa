"""A schedule, a model or a number changes during a run or between runs."""

import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from render.models.registry import find_latent
from tests.faults.harness import FRAMES, TOY, Workspace, assert_equal
from tests.faults.watch import Moment

EDITED = TOY.replace("12: blue, 23: green", "12: blue, 13: cyan")  # frames 0 to 12 stay the same
EMBEDDED = """
output: {size: [64, 64], fps: 8, length: 3, seed: 5}
models:
  latent: {config: vqgan.yaml, checkpoint: vqgan.safetensors}
  perceptors: [embedded]
prompts: {0: a calm blue sea, 2: a golden sunset}
motion: {zoom: 1.2/s}
refine: {steps: 3, first_frame: 6, cutouts: 4}
"""


@pytest.fixture
def modelled(workspace: Workspace) -> Workspace:
    """Three frames with the embedded models; the files of the latent model are beside the schedule."""
    latent = find_latent("embedded")
    assert isinstance(latent.architecture, Path)
    assert latent.checkpoint is not None
    shutil.copy(latent.architecture, workspace.path / "vqgan.yaml")
    shutil.copy(latent.checkpoint, workspace.path / "vqgan.safetensors")
    return workspace.write(EMBEDDED)


@pytest.mark.slow
def test_an_edit_renders_from_the_edit_on_and_reports_stale_frames(
    done: Workspace, reference: Workspace, tmp_path: Path
) -> None:
    before = done.stamps()
    status = done.write(EDITED).call("status", "out/toy").out
    assert "(edited since)" in status
    result = done.render()
    assert "resuming: 8 frames reused" in result.out, "the last state before frame 13 is the one after frame 7"
    assert f"; {FRAMES - 13} frames are out of date and will be rendered again" in result.out
    after = done.stamps()
    assert sorted(name for name in before if after[name] == before[name]) == [f"{i:06d}.png" for i in range(13)]
    scratch = Workspace(command=done.command, path=tmp_path / "scratch").write(EDITED)
    scratch.render()
    assert_equal(done, scratch)


def test_edited_comment_renders_nothing(done: Workspace, reference: Workspace) -> None:
    before = done.stamps()
    result = done.write(f"# a thought\n{TOY}").render()
    assert "nothing to do" in result.out
    assert done.stamps() == before
    assert_equal(done, reference)


@pytest.mark.slow
def test_only_the_requested_range_is_rendered_again(done: Workspace, reference: Workspace) -> None:
    before = done.stamps()
    done.render("--frames", "9:11")
    after = done.stamps()
    assert sorted(name for name in before if after[name] != before[name]) == ["000009.png", "000010.png"]
    assert_equal(done, reference)


# numbers that are not finite


DIVERGING = """
output: {size: [64, 64], fps: 8, length: 5, seed: 5}
models: {latent: {config: vqgan.yaml, checkpoint: vqgan.safetensors}, perceptors: [toy]}
prompts: red
refine: {steps: {0: 0, 2: 0, 3: 2}, first_frame: 0, cutouts: 2}
"""


def test_numbers_that_are_not_finite_stop_the_run_and_keep_the_frames_before(modelled: Workspace) -> None:
    """A weight of the decoder is infinite, and frame 3 is the first one that is decoded."""
    weights = load_file(modelled.path / "vqgan.safetensors")
    weights["decoder.conv_in.bias"][0] = np.inf
    save_file(weights, modelled.path / "vqgan.safetensors")
    done = modelled.write(DIVERGING).call("toy.yaml", "--out", "out")
    assert done.code == 1
    warning, message = done.err.splitlines()
    assert "warning: frame 3: the refinement became NaN or infinite; repeating it with smaller steps" in warning
    assert "frame 3: the refinement became NaN or infinite, even at a learning rate 16 times" in message
    assert "try a smaller refine.lr" in message
    assert sorted(modelled.pictures()) == ["000000.png", "000001.png", "000002.png"]
    assert modelled.half_written() == []


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="torch starts no more threads than there are processors")
def test_another_number_of_threads_is_reported(begun: Workspace) -> None:
    """Sums are computed in a different order: with the embedded models, one thread and two give different bits."""
    begun.state(11).unlink()
    begun.render("--frames", "11:12", "--fresh", OMP_NUM_THREADS="1")
    done = begun.render(OMP_NUM_THREADS="2")
    assert "started on CPU (" in done.err
    assert " with 1 threads in " in done.err
    assert " with 2 threads in " in done.err
    assert "frames differ slightly" in done.err


# model files


def test_models_that_change_while_they_are_loaded_are_refused(modelled: Workspace) -> None:
    """A different model is put in workspace after the digest (which the frames' hashes contain) and before loading."""
    process = modelled.start("toy.yaml", "--out", "out")
    try:
        while not (modelled.folder / "run.json").exists():  # the digests have been computed by then
            assert process.poll() is None
            time.sleep(0.005)
        other = modelled.path / "other"
        content = bytearray((modelled.path / "vqgan.safetensors").read_bytes())
        content[-1] ^= 1
        other.write_bytes(content)
        other.replace(modelled.path / "vqgan.safetensors")
    finally:
        _, err = process.communicate(timeout=240)
    assert process.returncode == 1
    assert err == "toy: a model's file has changed while it was loaded; run again\n"
    assert modelled.pictures() == {}


@pytest.mark.slow
def test_a_model_deleted_while_a_run_starts_is_reported(modelled: Workspace) -> None:
    process = modelled.start("toy.yaml", "--out", "out")
    try:
        while not (modelled.folder / "run.json").exists():
            assert process.poll() is None
            time.sleep(0.005)
        (modelled.path / "vqgan.safetensors").unlink()
    finally:
        _, err = process.communicate(timeout=240)
    assert process.returncode == 1
    assert "vqgan.safetensors" in err
    assert len(err.splitlines()) == 1
    assert modelled.pictures() == {}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="watches files with inotify")
def test_embedded_models_killed_and_replaced(modelled: Workspace, tmp_path: Path) -> None:
    """A kill, then the same bits; then a different model, which makes every frame stale."""
    whole = modelled.copy(tmp_path / "whole")
    whole.render()
    assert modelled.strike(Moment(folder="frames", kind="renamed", pattern="000001.png", delay=0.1), 9) is not None
    modelled.render()
    assert_equal(modelled, whole)
    assert modelled.call("verify", "out/toy", "--rerender", "3").code == 0

    path = modelled.path / "vqgan.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    result = modelled.call("verify", "out/toy", "--rerender", "1")
    assert result.message == "the models are not those that the run was made with"
    result = modelled.render()
    assert "; 3 frames are out of date and will be rendered again" in result.out
