"""On Ray: a node is lost in the middle of a render, and the frames are those of one that nothing happened to."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.batch.batch import Batch, Rules
from pipeline.batch.collect import collect
from pipeline.batch.display import LineDisplay
from pipeline.batch.group import Terms
from pipeline.batch.on_ray import ClusterOptions, RayCrew
from pipeline.folder import Origin
from tests.batch.conftest import BROKEN, Desk, alone, toy
from tests.batch.test_parts import SHOTS

pytestmark = pytest.mark.ray
ray = pytest.importorskip("ray")


@pytest.fixture
def cluster(desk: Desk) -> Iterator[Any]:
    """A head that renders nothing, and two nodes with a processor each."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def test_without_an_address_ray_starts_here(desk: Desk) -> None:
    """The smallest form: what the command does on one machine."""
    desk.write("a", toy(1))
    desk.write("broken", BROKEN)
    code, said = desk.call("batch", "s", "--out", "out", "--engine", "ray", "--jobs", 1)
    assert code == 1, said
    assert desk.states() == {"a": "finished", "broken": "broken"}
    assert desk.frames("a") == alone(toy(1), desk.path)


@pytest.mark.slow
def test_shots_of_one_schedule_side_by_side(desk: Desk) -> None:
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
    entries = collect(files, Path("out"), Origin(file=""))
    crew = RayCrew(ClusterOptions(), len(entries), Terms(offline=True))
    lost: list[str] = []

    def lose() -> None:
        while len(desk.frames("a")) < 5:
            time.sleep(0.02)
        node = nodes_of(desk, "a")[0]
        cluster.remove_node(nodes[node], allow_graceful=False)
        lost.append(node)

    thread = threading.Thread(target=lose)
    thread.start()
    code = Batch(entries, crew, Rules(), LineDisplay(), Path("out")).run()
    thread.join()
    assert code == 0, desk.record()
    assert len(nodes_of(desk, "a")) == 2
    assert nodes_of(desk, "a")[1] != lost[0]
    assert set(desk.states().values()) == {"finished"}
    for file in files:
        assert desk.frames(file.stem) == alone(file.read_text(), desk.path)


def nodes_of(desk: Desk, name: str) -> list[str]:
    """The nodes that a job was tried on, by its log."""
    log = desk.path / "out" / name / "batch.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [line.split(" node ")[1].split()[0] for line in lines if " node " in line]
