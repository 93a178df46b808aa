"""A batch is killed at any point and restarted at once, while its worker may still be running: no job fails."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable

import pytest

from tests.faults.conftest import Tally
from tests.faults.harness import Ended, Workspace, assert_equal, assert_nothing_broken, ended
from tests.faults.test_signals import moments
from tests.faults.watch import Moment, Watch
from tests.waiting import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watches files with inotify")

MANY = int(os.environ.get("RENDER_FAULT_MOMENTS", "50"))
BATCH = ("batch", "toy.yaml", "--out", "out", "--device", "cpu")


def kill_the_batch(workspace: Workspace, moment: Moment) -> bool:
    """Kill only the batch's own process and leave its worker running; False if the batch ended before the moment."""
    watch = Watch(workspace.folder)
    process = workspace.start(*BATCH)
    try:
        reached = watch.reach(moment, process)
        if reached:
            process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=PATIENCE) in (0, -signal.SIGKILL)
    finally:
        watch.close()
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()  # without reading: a worker may hold the other end
    return reached and process.returncode != 0


def assert_finished(done: Ended) -> None:
    assert done.code == 0, done.out + done.err
    assert "failed" not in done.out + done.err
    assert "1 job: 1 finished" in done.out


@pytest.mark.parametrize("count", [3, pytest.param(MANY, marks=pytest.mark.slow, id="many")])
def test_a_killed_batch_can_be_restarted_at_once(
    count: int, new_workspace: Callable[[str], Workspace], reference: Workspace, tally: Tally
) -> None:
    begun = time.monotonic()
    chance = random.Random(count)
    aims: list[Moment] = []
    struck = runs = 0
    while struck < count:
        runs += 1
        workspace = new_workspace(f"run-{runs}").write((reference.path / "toy.yaml").read_text())
        while struck < count:
            aims = aims or moments(chance, 2.5)
            if not kill_the_batch(workspace, aims.pop(0)):
                break
            struck += 1
            assert_nothing_broken(workspace, reference)
            if chance.random() < 0.5:
                break
        assert_finished(ended(workspace.start(*BATCH)))
        assert_equal(workspace, reference)
    tally.add("SIGKILL of a batch alone", count, time.monotonic() - begun)
