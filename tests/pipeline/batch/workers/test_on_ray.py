"""On Ray: a node is lost during a render, and the frames equal those of an undisturbed run."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.batch.batch import Batch
from pipeline.batch.display import LineDisplay
from pipeline.batch.jobs.collect import collect
from pipeline.batch.workers.on_ray import ClusterOptions, RayPool
from pipeline.batch.workers.options import BatchOptions
from pipeline.run.folder.lock import in_use
from pipeline.schedule.origin import Origin
from tests.pipeline.batch.conftest import BROKEN, ENDLESS, Workspace, alone, toy
from tests.pipeline.batch.test_lockstep import assert_nearly, together
from tests.pipeline.batch.test_waiting import ended, held
from tests.pipeline.batch.test_waiting import record as waiting_for
from tests.shots import SHOTS
from tests.waiting import wait_for

pytestmark = pytest.mark.ray
ray = pytest.importorskip("ray")


@pytest.fixture
def cluster(workspace: Workspace) -> Iterator[Any]:
    """A head node that renders nothing, and two nodes with one processor each."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def test_without_an_address_ray_starts_on_this_machine(workspace: Workspace) -> None:
    """The smallest form: what the command does on a single machine."""
    workspace.write("a", toy(1))
    workspace.write("broken", BROKEN)
    code, output = workspace.call("batch", "s", "--out", "out", "--engine", "ray", "--jobs", 1)
    assert code == 1, output
    assert workspace.states() == {"a": "finished", "broken": "broken"}
    assert workspace.frames("a") == alone(toy(1), workspace.path)


@pytest.mark.slow
def test_shots_of_one_schedule_in_parallel(workspace: Workspace) -> None:
    workspace.write("shots", SHOTS)
    code, output = workspace.call("batch", "s", "--out", "out", "--engine", "ray", "--jobs", 2)
    assert code == 0, output
    assert workspace.states() == {"shots 0:12": "finished", "shots 12:27": "finished", "shots": "finished"}
    assert workspace.record()["shots"]["rendered"] == 0
    assert workspace.frames("shots") == alone(SHOTS, workspace.path)


@pytest.mark.slow
def test_a_node_is_lost(workspace: Workspace, cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace.path)
    names = ("a", "b", "c")
    files = [workspace.write(name, toy(number, frames=60)) for number, name in enumerate(names)]
    nodes = {node.node_id: node for node in (cluster.add_node(num_cpus=1), cluster.add_node(num_cpus=1))}
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False)
    states = collect(files, Path("out"), Origin(file=""))
    pool = RayPool(ClusterOptions(), len(states), BatchOptions(offline=True))
    lost: list[str] = []

    def lose() -> None:
        wait_for(lambda: len(workspace.frames("a")) >= 5)
        node = nodes_of(workspace, "a")[0]
        cluster.remove_node(nodes[node], allow_graceful=False)
        lost.append(node)

    thread = threading.Thread(target=lose)
    thread.start()
    code = Batch(states, pool, BatchOptions(), LineDisplay(), Path("out")).run()
    thread.join()
    assert code == 0, workspace.record()
    assert len(nodes_of(workspace, "a")) == 2
    assert nodes_of(workspace, "a")[1] != lost[0]
    assert set(workspace.states().values()) == {"finished"}
    for file in files:
        assert workspace.frames(file.stem) == alone(file.read_text(), workspace.path)


def break_gpu() -> None:
    """In every process of Ray: fail like a GPU at frame 3; once, but always for seed 66."""
    import torch

    from render.renderer.renderer import Renderer

    step = Renderer.step

    def broken(self: Any, state: Any, spec: Any, *, checked: bool = True) -> Any:
        mark = Path(os.environ["MET"])
        if spec.index == 3 and (spec.seed == 66 or not mark.exists()):
            mark.touch()
            raise getattr(torch, "AcceleratorError", RuntimeError)("CUDA error: an illegal memory access")
        return step(self, state, spec, checked=checked)

    Renderer.step = broken  # type: ignore[method-assign]


@pytest.fixture
def broken_gpu(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A node with one processor whose GPU fails."""
    monkeypatch.chdir(workspace.path)
    environment = {"MET": str(workspace.path / "met"), "OMP_NUM_THREADS": "1"}
    ray.init(
        num_cpus=1,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"worker_process_setup_hook": break_gpu, "env_vars": environment},
    )
    try:
        yield
    finally:
        ray.shutdown()


def render_here(workspace: Workspace, options: BatchOptions) -> int:
    states = collect(sorted((workspace.path / "s").glob("*.yaml")), Path("out"), Origin(file=""))
    pool = RayPool(ClusterOptions(), len(states), BatchOptions(offline=True, at_once=options.at_once))
    return Batch(states, pool, options, LineDisplay(), Path("out")).run()


@pytest.mark.slow
def test_after_a_gpu_failure_a_new_process_continues(workspace: Workspace, broken_gpu: None) -> None:
    workspace.write("a", toy(1))
    workspace.write("b", toy(2))
    assert render_here(workspace, BatchOptions()) == 0, workspace.record()
    jobs = workspace.record()
    assert {name: (job["state"], job["deaths"]) for name, job in jobs.items()} == {
        "a": ("finished", 1),
        "b": ("finished", 0),
    }
    assert 3 <= jobs["a"]["rendered"] <= 6 + 2, "it continues after its last reported frame"
    first, second = workers_of(workspace, "a")
    assert first != second
    assert workers_of(workspace, "b") == [second], "the process keeps its models"
    assert "CUDA error: an illegal memory access" in (workspace.path / "out" / "a" / "batch.log").read_text()
    for number, name in enumerate("ab", start=1):
        assert workspace.frames(name) == alone(toy(number), workspace.path)


@pytest.mark.slow
def test_only_the_culprit_in_lockstep_is_blamed(workspace: Workspace, broken_gpu: None) -> None:
    (workspace.path / "met").touch()
    workspace.write("bad", toy(66))
    workspace.write("good", toy(2, frames=12))
    assert render_here(workspace, BatchOptions(tries=2, at_once=2)) == 1
    jobs = workspace.record()
    assert {name: (job["state"], job["deaths"]) for name, job in jobs.items()} == {
        "bad": ("failed", 3),
        "good": ("finished", 1),
    }
    assert jobs["bad"]["message"].startswith("the GPU has failed (CUDA error: an")
    assert "illegal memory access), 2 times at frame 3" in jobs["bad"]["message"]
    assert together(workspace, "bad") == together(workspace, "good") == ["bad, good"]
    assert workers_of(workspace, "bad")[0] == workers_of(workspace, "good")[0]
    assert len(set(workers_of(workspace, "bad") + workers_of(workspace, "good"))) == 4
    assert_nearly(workspace.frames("good"), alone(toy(2, frames=12), workspace.path))


def workers_of(workspace: Workspace, name: str) -> list[str]:
    """The Ray processes that have worked on a job, according to its log."""
    lines = (workspace.path / "out" / name / "batch.log").read_text().splitlines()
    return [line.split()[-1] for line in lines if " node " in line]


def nodes_of(workspace: Workspace, name: str) -> list[str]:
    """The nodes that a job was tried on, according to its log."""
    log = workspace.path / "out" / name / "batch.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [line.split(" node ")[1].split()[0] for line in lines if " node " in line]


def test_a_folder_in_use_is_waited_for(workspace: Workspace) -> None:
    """Meanwhile the only slot renders the other job."""
    for number, name in enumerate("ab"):
        workspace.write(name, toy(number, frames=3))
    with held(workspace.path / "out" / "a") as holder:
        process = workspace.start("batch", "s", "--out", "out", "--engine", "ray", "--jobs", 1)
        wait_for(lambda: waiting_for(workspace).get("a") and workspace.states()["b"] == "finished", process)
        assert waiting_for(workspace)["a"].startswith(f"process {holder.pid} on ")
        holder.kill()
        code, output = ended(process)
    assert code == 0, output
    assert workspace.states() == {"a": "finished", "b": "finished"}
    assert workspace.frames("a") == alone(toy(0, frames=3), workspace.path)


@pytest.mark.slow
def test_a_lock_that_only_the_node_sees_is_waited_for(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder looks free from here; the task finds it locked and reports it."""
    monkeypatch.chdir(workspace.path)
    monkeypatch.setattr("pipeline.batch.queue.in_use", lambda folder, part: "")
    workspace.write("a", toy(1, frames=2))
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    with held(workspace.path / "out" / "a") as holder:

        def free() -> None:
            wait_for(lambda: waiting_for(workspace).get("a"))
            holder.kill()

        thread = threading.Thread(target=free)
        thread.start()
        try:
            assert render_here(workspace, BatchOptions()) == 0
        finally:
            ray.shutdown()
            thread.join()
    assert f"a: waiting for process {holder.pid} on " in capsys.readouterr().out
    assert workspace.record()["a"]["deaths"] == 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc")
def test_a_killed_batch_can_be_restarted_at_once(workspace: Workspace) -> None:
    """The cluster that the batch had started ends with it, and so the lock is released."""
    file = workspace.write("a", ENDLESS)
    first = workspace.start("batch", "s", "--out", "out", "--engine", "ray", "--jobs", 1)
    wait_for(lambda: in_use(workspace.path / "out" / "a"), first)
    first.kill()
    first.communicate()
    file.write_text(toy(99, frames=3))
    code, output = ended(workspace.start("batch", "s", "--out", "out", "--engine", "ray", "--jobs", 1))
    assert code == 0, output
    assert workspace.frames("a") == alone(toy(99, frames=3), workspace.path)
