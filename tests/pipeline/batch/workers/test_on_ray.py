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
from tests.pipeline.batch.conftest import BROKEN, ENDLESS, Desk, alone, toy
from tests.pipeline.batch.test_lockstep import assert_nearly, together
from tests.pipeline.batch.test_waiting import ended, held
from tests.pipeline.batch.test_waiting import record as waiting_for
from tests.shots import SHOTS
from tests.waiting import wait_for

pytestmark = pytest.mark.ray
ray = pytest.importorskip("ray")


@pytest.fixture
def cluster(desk: Desk) -> Iterator[Any]:
    """A head node that renders nothing, and two nodes with one processor each."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def test_without_an_address_ray_starts_on_this_machine(desk: Desk) -> None:
    """The smallest form: what the command does on a single machine."""
    desk.write("a", toy(1))
    desk.write("broken", BROKEN)
    code, said = desk.call("batch", "s", "--out", "out", "--engine", "ray", "--jobs", 1)
    assert code == 1, said
    assert desk.states() == {"a": "finished", "broken": "broken"}
    assert desk.frames("a") == alone(toy(1), desk.path)


@pytest.mark.slow
def test_shots_of_one_schedule_in_parallel(desk: Desk) -> None:
    desk.write("shots", SHOTS)
    code, said = desk.call("batch", "s", "--out", "out", "--engine", "ray", "--jobs", 2)
    assert code == 0, said
    assert desk.states() == {"shots 0:12": "finished", "shots 12:27": "finished", "shots": "finished"}
    assert desk.record()["shots"]["rendered"] == 0
    assert desk.frames("shots") == alone(SHOTS, desk.path)


@pytest.mark.slow
def test_a_node_is_lost(desk: Desk, cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.path)
    names = ("a", "b", "c")
    files = [desk.write(name, toy(number, frames=60)) for number, name in enumerate(names)]
    nodes = {node.node_id: node for node in (cluster.add_node(num_cpus=1), cluster.add_node(num_cpus=1))}
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False)
    states = collect(files, Path("out"), Origin(file=""))
    pool = RayPool(ClusterOptions(), len(states), BatchOptions(offline=True))
    lost: list[str] = []

    def lose() -> None:
        wait_for(lambda: len(desk.frames("a")) >= 5)
        node = nodes_of(desk, "a")[0]
        cluster.remove_node(nodes[node], allow_graceful=False)
        lost.append(node)

    thread = threading.Thread(target=lose)
    thread.start()
    code = Batch(states, pool, BatchOptions(), LineDisplay(), Path("out")).run()
    thread.join()
    assert code == 0, desk.record()
    assert len(nodes_of(desk, "a")) == 2
    assert nodes_of(desk, "a")[1] != lost[0]
    assert set(desk.states().values()) == {"finished"}
    for file in files:
        assert desk.frames(file.stem) == alone(file.read_text(), desk.path)


def break_gpu() -> None:
    """In every process of Ray: fail like a GPU at frame 3; once, but always for seed 66."""
    import torch

    from render.renderer.renderer import Renderer

    step = Renderer.step

    def broken(self: Any, state: Any, spec: Any) -> Any:
        mark = Path(os.environ["MET"])
        if spec.index == 3 and (spec.seed == 66 or not mark.exists()):
            mark.touch()
            raise getattr(torch, "AcceleratorError", RuntimeError)("CUDA error: an illegal memory access")
        return step(self, state, spec)

    Renderer.step = broken  # type: ignore[method-assign]


@pytest.fixture
def broken_gpu(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A node with one processor whose GPU fails."""
    monkeypatch.chdir(desk.path)
    environment = {"MET": str(desk.path / "met"), "OMP_NUM_THREADS": "1"}
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


def render_here(desk: Desk, options: BatchOptions) -> int:
    states = collect(sorted((desk.path / "s").glob("*.yaml")), Path("out"), Origin(file=""))
    pool = RayPool(ClusterOptions(), len(states), BatchOptions(offline=True, at_once=options.at_once))
    return Batch(states, pool, options, LineDisplay(), Path("out")).run()


@pytest.mark.slow
def test_after_a_gpu_failure_a_new_process_continues(desk: Desk, broken_gpu: None) -> None:
    desk.write("a", toy(1))
    desk.write("b", toy(2))
    assert render_here(desk, BatchOptions()) == 0, desk.record()
    jobs = desk.record()
    assert {name: (job["state"], job["deaths"]) for name, job in jobs.items()} == {
        "a": ("finished", 1),
        "b": ("finished", 0),
    }
    assert 3 <= jobs["a"]["rendered"] <= 6 + 2, "it continues after its last reported frame"
    first, second = workers_of(desk, "a")
    assert first != second
    assert workers_of(desk, "b") == [second], "the process keeps its models"
    assert "CUDA error: an illegal memory access" in (desk.path / "out" / "a" / "batch.log").read_text()
    for number, name in enumerate("ab", start=1):
        assert desk.frames(name) == alone(toy(number), desk.path)


@pytest.mark.slow
def test_only_the_culprit_in_lockstep_is_blamed(desk: Desk, broken_gpu: None) -> None:
    (desk.path / "met").touch()
    desk.write("bad", toy(66))
    desk.write("good", toy(2, frames=12))
    assert render_here(desk, BatchOptions(tries=2, at_once=2)) == 1
    jobs = desk.record()
    assert {name: (job["state"], job["deaths"]) for name, job in jobs.items()} == {
        "bad": ("failed", 3),
        "good": ("finished", 1),
    }
    assert jobs["bad"]["message"].startswith("the GPU has failed (CUDA error: an")
    assert "illegal memory access), 2 times at frame 3" in jobs["bad"]["message"]
    assert together(desk, "bad") == together(desk, "good") == ["bad, good"]
    assert workers_of(desk, "bad")[0] == workers_of(desk, "good")[0]
    assert len(set(workers_of(desk, "bad") + workers_of(desk, "good"))) == 4
    assert_nearly(desk.frames("good"), alone(toy(2, frames=12), desk.path))


def workers_of(desk: Desk, name: str) -> list[str]:
    """The Ray processes that have worked on a job, according to its log."""
    lines = (desk.path / "out" / name / "batch.log").read_text().splitlines()
    return [line.split()[-1] for line in lines if " node " in line]


def nodes_of(desk: Desk, name: str) -> list[str]:
    """The nodes that a job was tried on, according to its log."""
    log = desk.path / "out" / name / "batch.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [line.split(" node ")[1].split()[0] for line in lines if " node " in line]


def test_a_folder_in_use_is_waited_for(desk: Desk) -> None:
    """Meanwhile the only slot renders the other job."""
    for number, name in enumerate("ab"):
        desk.write(name, toy(number, frames=3))
    with held(desk.path / "out" / "a") as holder:
        process = desk.start("batch", "s", "--out", "out", "--engine", "ray", "--jobs", 1)
        wait_for(lambda: waiting_for(desk).get("a") and desk.states()["b"] == "finished", process)
        assert waiting_for(desk)["a"].startswith(f"process {holder.pid} on ")
        holder.kill()
        code, said = ended(process)
    assert code == 0, said
    assert desk.states() == {"a": "finished", "b": "finished"}
    assert desk.frames("a") == alone(toy(0, frames=3), desk.path)


@pytest.mark.slow
def test_a_lock_that_only_the_node_sees_is_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder looks free from here; the task finds it locked and reports it."""
    monkeypatch.chdir(desk.path)
    monkeypatch.setattr("pipeline.batch.queue.in_use", lambda folder, part: "")
    desk.write("a", toy(1, frames=2))
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    with held(desk.path / "out" / "a") as holder:

        def free() -> None:
            wait_for(lambda: waiting_for(desk).get("a"))
            holder.kill()

        thread = threading.Thread(target=free)
        thread.start()
        try:
            assert render_here(desk, BatchOptions()) == 0
        finally:
            ray.shutdown()
            thread.join()
    assert f"a: waiting for process {holder.pid} on " in capsys.readouterr().out
    assert desk.record()["a"]["deaths"] == 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc")
def test_a_killed_batch_can_be_restarted_at_once(desk: Desk) -> None:
    """The cluster that the batch had started ends with it, and so the lock is released."""
    file = desk.write("a", ENDLESS)
    first = desk.start("batch", "s", "--out", "out", "--engine", "ray", "--jobs", 1)
    wait_for(lambda: in_use(desk.path / "out" / "a"), first)
    first.kill()
    first.communicate()
    file.write_text(toy(99, frames=3))
    code, said = ended(desk.start("batch", "s", "--out", "out", "--engine", "ray", "--jobs", 1))
    assert code == 0, said
    assert desk.frames("a") == alone(toy(99, frames=3), desk.path)
