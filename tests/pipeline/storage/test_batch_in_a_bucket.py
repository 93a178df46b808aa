"""A machine is lost in the middle of a batch; another one that has only the bucket finishes it."""

import json
import os
import signal
from pathlib import Path

import pytest

from pipeline.storage.ledger import Ledger
from pipeline.storage.pull import pull
from pipeline.storage.store import Store
from tests.pipeline.batch.conftest import Desk, alone, toy
from tests.pipeline.storage.conftest import Line
from tests.pipeline.storage.test_storage import files
from tests.waiting import PATIENCE, wait_for

URL = "s3://videos/night"
FRAMES = 10


@pytest.fixture
def desk(command: str, tmp_path: Path, line: Line) -> Desk:
    return Desk(command=command, path=tmp_path)


def frames(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "frames").glob("*.png"))}


def batch(desk: Desk, work: str, name: str) -> tuple[str, ...]:
    return ("batch", f"{URL}/{name}/in/", "--out", f"{URL}/{name}/out", "--work", work, "--device", "cpu")


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGKILL, "killed"), pytest.param(signal.SIGTERM, "preempted", marks=pytest.mark.slow)]
)
def test_a_second_machine_continues_the_batch(desk: Desk, line: Line, number: int, name: str) -> None:
    store = Store(f"{URL}/{name}")
    store.put("in/sea.yaml", toy(1, frames=FRAMES).encode())
    process = desk.start(*batch(desk, "first", name))
    line.always = "slow"  # so that the machine is lost in the middle of uploads
    wait_for(lambda: sum("/frames/" in request for request in line.seen) >= 4, process)
    os.killpg(process.pid, number)
    process.communicate(timeout=PATIENCE)
    line.always, line.faults = "fine", ["drop", "error", "slow"]
    pull(store.below("out/sea"), desk.path / "seen", Ledger(desk.path / "seen"))
    there = files(desk.path / "seen")
    assert len(there) > 2
    assert "video.mp4" not in there
    whole = alone(toy(1, frames=FRAMES), desk.path)
    assert frames(desk.path / "seen").items() <= whole.items()
    code, said = desk.call(*batch(desk, "second", name), "--json")
    assert code == 0, said
    new = [json.loads(text)["index"] for text in said.splitlines() if '"event": "frame"' in text]
    assert new[0] > 0
    assert new == list(range(new[0], FRAMES))
    pull(store.below("out/sea"), desk.path / "all", Ledger(desk.path / "all"))
    assert frames(desk.path / "all") == whole
    assert (desk.path / "all" / "video.mp4").is_file()
    names = {found.key for found in store.list()}
    assert {"out/batch.json", "out/sea/batch.log", "out/sea/report.json"} <= names
    assert "a-secret-that-nobody-may-see" not in said + Path(desk.path / "all" / "batch.log").read_text()


@pytest.mark.slow
def test_a_local_folder_is_mirrored(desk: Desk) -> None:
    desk.write("sea", toy(1))
    code, said = desk.batch("--sync", f"{URL}/synced")
    assert code == 0, said
    pull(Store(f"{URL}/synced/sea"), desk.path / "all", Ledger(desk.path / "all"))
    assert files(desk.path / "all") == files(desk.path / "out" / "sea")


@pytest.mark.slow
@pytest.mark.ray
def test_a_batch_on_ray_with_only_the_bucket(desk: Desk) -> None:
    pytest.importorskip("ray")
    store = Store(f"{URL}/ray")
    store.put("in/sea.yaml", toy(1).encode())
    code, said = desk.call(*batch(desk, "work", "ray"), "--engine", "ray", "--jobs", 1)
    assert code == 0, said
    pull(store.below("out/sea"), desk.path / "all", Ledger(desk.path / "all"))
    assert frames(desk.path / "all") == alone(toy(1), desk.path)
