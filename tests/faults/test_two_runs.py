"""One folder has one writer, and any number of readers."""

import json
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.harness import FRAMES, TOY, Ended, Workspace, assert_equal, ended
from tests.faults.watch import Moment, Watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watches files with inotify")

SLOW = TOY.replace("steps: 5, first_frame: 5", "steps: {0: 1, 3: 1, 4: 10000}, first_frame: 1")


@pytest.fixture
def running(workspace: Workspace) -> Iterator[tuple[Workspace, subprocess.Popen[str]]]:
    """A run in the middle of a long frame 4."""
    workspace.write(SLOW)
    watch = Watch(workspace.folder)
    process = workspace.start("toy.yaml", "--out", "out")
    assert watch.reach(Moment(folder="frames", kind="renamed", pattern="000003.png"), process)
    watch.close()
    yield workspace, process
    process.kill()
    process.communicate()


def status(workspace: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(workspace.call("status", "out/toy", "--json").out)
    return found


def test_a_second_run_is_refused_and_changes_nothing(running: tuple[Workspace, subprocess.Popen[str]]) -> None:
    workspace, process = running
    before = workspace.stamps()
    for arguments in (("toy.yaml", "--out", "out"), ("toy.yaml", "--out", "out", "--fresh"), ("assemble", "out/toy")):
        refused: Ended = workspace.call(*arguments)
        assert refused.code == 1
        assert f"is being rendered by process {process.pid} on {platform.node()}, since " in refused.message
        assert refused.message.endswith("wait for it (render --wait does), stop it, or give another --out")
    assert process.poll() is None
    assert workspace.stamps() == before
    after = status(workspace)
    assert (after["done"], after["missing"], after["writer"]["pid"]) == (["0:4"], [f"4:{FRAMES}"], process.pid)
    assert f"being rendered by process {process.pid} on " in workspace.call("status", "out/toy").out


@pytest.mark.slow
def test_lock_of_a_killed_run_is_taken_over(
    running: tuple[Workspace, subprocess.Popen[str]], reference: Workspace
) -> None:
    workspace, process = running
    process.kill()
    ended(process)
    assert str(process.pid) in (workspace.folder / ".lock").read_text()
    assert status(workspace)["writer"] is None
    workspace.write(TOY).render()
    assert_equal(workspace, reference)
    after = status(workspace)
    assert (after["done"], after["stale"], after["missing"], after["writer"]) == ([f"0:{FRAMES}"], [], [], None)


@pytest.mark.slow
def test_a_stopped_process_keeps_its_lock(running: tuple[Workspace, subprocess.Popen[str]]) -> None:
    """A stopped process, as after Ctrl-Z, is not dead."""
    workspace, process = running
    process.send_signal(signal.SIGSTOP)
    assert workspace.call("toy.yaml", "--out", "out").code == 1
    process.send_signal(signal.SIGCONT)


@pytest.mark.slow
def test_only_one_of_many_simultaneous_runs_renders(workspace: Workspace, reference: Workspace) -> None:
    processes = [workspace.start("toy.yaml", "--out", "out") for _ in range(4)]
    outcomes = sorted(ended(process).code for process in processes)
    # a run that starts after the first one has finished has nothing to do
    assert outcomes[0] == 0
    assert set(outcomes) <= {0, 1}
    workspace.render()
    assert_equal(workspace, reference)


@pytest.mark.slow
def test_constant_status_queries_do_not_disturb_a_run(workspace: Workspace, reference: Workspace) -> None:
    """Status takes the lock briefly to test whether it is held."""
    workspace.folder.mkdir(parents=True)
    ask = [
        "from pathlib import Path",
        "from pipeline.run.folder.lock import holder",
        f"while True: holder(Path({str(workspace.folder)!r}))",
    ]
    querying = subprocess.Popen([sys.executable, "-c", "\n".join(ask)])
    try:
        time.sleep(0.3)
        workspace.render()
    finally:
        querying.kill()
        querying.wait()
    assert_equal(workspace, reference)
