"""A machine is lost in the middle of a batch; another one that has only the bucket finishes it."""

import json
import os
import signal
from pathlib import Path

import pytest

from pipeline.storage.ledger import Ledger
from pipeline.storage.pull import pull
from pipeline.storage.store import Store
from tests.pipeline.batch.conftest import Workspace, alone, toy
from tests.pipeline.storage.conftest import Line
from tests.pipeline.storage.test_storage import files
from tests.waiting import PATIENCE, wait_for

URL = "s3://videos/night"
FRAMES = 10


@pytest.fixture
def workspace(command: str, tmp_path: Path, line: Line) -> Workspace:
    return Workspace(command=command, path=tmp_path)


def frames(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "frames").glob("*.png"))}


def batch(workspace: Workspace, work: str, name: str) -> tuple[str, ...]:
    return ("batch", f"{URL}/{name}/in/", "--out", f"{URL}/{name}/out", "--work", work, "--device", "cpu")


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGKILL, "killed"), pytest.param(signal.SIGTERM, "preempted", marks=pytest.mark.slow)]
)
def test_a_second_machine_continues_the_batch(workspace: Workspace, line: Line, number: int, name: str) -> None:
    store = Store(f"{URL}/{name}")
    store.put("in/sea.yaml", toy(1, frames=FRAMES).encode())
    process = workspace.start(*batch(workspace, "first", name))
    line.always = "slow"  # so that the machine is lost in the middle of uploads
    wait_for(lambda: sum("/frames/" in request for request in line.seen) >= 4, process)
    os.killpg(process.pid, number)
    process.communicate(timeout=PATIENCE)
    line.always, line.faults = "fine", ["drop", "error", "slow"]
    pull(store.below("out/sea"), workspace.path / "seen", Ledger(workspace.path / "seen"))
    there = files(workspace.path / "seen")
    assert len(there) > 2
    assert "video.mp4" not in there
    whole = alone(toy(1, frames=FRAMES), workspace.path)
    assert frames(workspace.path / "seen").items() <= whole.items()
    code, said = workspace.call(*batch(workspace, "second", name), "--json")
    assert code == 0, said
    new = [json.loads(text)["index"] for text in said.splitlines() if '"event": "frame"' in text]
    assert new[0] > 0
    assert new == list(range(new[0], FRAMES))
    pull(store.below("out/sea"), workspace.path / "all", Ledger(workspace.path / "all"))
    assert frames(workspace.path / "all") == whole
    assert (workspace.path / "all" / "video.mp4").is_file()
    names = {found.key for found in store.list()}
    assert {"out/batch.json", "out/sea/batch.log", "out/sea/report.json"} <= names
    assert "a-secret-that-nobody-may-see" not in said + Path(workspace.path / "all" / "batch.log").read_text()


@pytest.mark.slow
def test_a_local_folder_is_mirrored(workspace: Workspace) -> None:
    workspace.write("sea", toy(1))
    code, said = workspace.batch("--sync", f"{URL}/synced")
    assert code == 0, said
    pull(Store(f"{URL}/synced/sea"), workspace.path / "all", Ledger(workspace.path / "all"))
    assert files(workspace.path / "all") == files(workspace.path / "out" / "sea")


@pytest.mark.slow
@pytest.mark.ray
def test_a_batch_on_ray_with_only_the_bucket(workspace: Workspace) -> None:
    pytest.importorskip("ray")
    store = Store(f"{URL}/ray")
    store.put("in/sea.yaml", toy(1).encode())
    code, said = workspace.call(*batch(workspace, "work", "ray"), "--engine", "ray", "--jobs", 1)
    assert code == 0, said
    pull(store.below("out/sea"), workspace.path / "all", Ledger(workspace.path / "all"))
    assert frames(workspace.path / "all") == alone(toy(1), workspace.path)
