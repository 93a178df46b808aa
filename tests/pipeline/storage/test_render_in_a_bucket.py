"""`render FILE --out s3://...`: a machine is lost, and another one that has only the bucket continues."""

import json
import signal
import time
from pathlib import Path

import pytest

from pipeline.storage.ledger import Ledger
from pipeline.storage.pull import pull
from pipeline.storage.store import Store
from tests.pipeline.batch.conftest import Workspace, alone, toy
from tests.pipeline.storage.conftest import Line
from tests.waiting import PATIENCE, wait_for

FRAMES = 12


@pytest.fixture
def workspace(command: str, tmp_path: Path, line: Line) -> Workspace:
    return Workspace(command=command, path=tmp_path)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)]
)
def test_a_terminated_run_leaves_its_state_in_the_bucket(workspace: Workspace, number: int, code: int) -> None:
    url = f"s3://videos/plain{code}"
    store = Store(f"{url}/sea")
    text = toy(1, frames=FRAMES)
    assert "steps: 2" in text
    # Frame 6 takes half a minute; it is the frame that is abandoned.
    workspace.write("sea", text.replace("steps: 2", "steps: {0: 2, 6: {to: 10000, ease: hold}}"))
    process = workspace.start("s/sea.yaml", "--out", url, "--work", "first", "--device", "cpu")
    wait_for(
        (workspace.path / "first" / "s3" / "videos" / f"plain{code}" / "sea" / "frames" / "000005.png").exists, process
    )
    process.send_signal(number)
    if number == signal.SIGINT:
        time.sleep(0.2)
        process.send_signal(number)  # a single signal would wait for the frame
    said, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, said + err
    assert "Traceback" not in err
    there = {found.key for found in store.list()}
    assert {f"frames/{n:06d}.png" for n in range(6)} | {"state/000005.safetensors"} <= there
    assert not [key for key in there if "video" in key or key.startswith("frames/000006")]
    workspace.write("sea", text)
    code, said = workspace.call("s/sea.yaml", "--out", url, "--work", "second", "--device", "cpu", "--json")
    assert code == 0, said
    new = [json.loads(text)["index"] for text in said.splitlines() if '"event": "frame"' in text]
    assert new == list(range(6, FRAMES))
    assert f"uploaded to {url}/sea" in said
    pull(store, workspace.path / "all", Ledger(workspace.path / "all"))
    assert workspace.frames("all", ".") == alone(text, workspace.path)


def test_the_history_is_not_uploaded(workspace: Workspace) -> None:
    """A run that an edit moves to the history is not uploaded, and an object with that name is not downloaded."""
    url = "s3://videos/edited"
    store = Store(f"{url}/sea")
    for seed in (1, 2):
        workspace.write("sea", toy(seed))
        code, said = workspace.call("s/sea.yaml", "--out", url, "--work", "here", "--device", "cpu")
        assert code == 0, said
    folder = workspace.path / "here" / "s3" / "videos" / "edited" / "sea"
    assert (folder / "history" / "0001" / "video.mp4").is_file()
    assert not [found.key for found in store.list() if "history" in found.key]
    store.put("history/0007/video.mp4", b"somebody's")
    code, said = workspace.call("s/sea.yaml", "--out", url, "--work", "here", "--device", "cpu")
    assert code == 0, said
    assert not (folder / "history" / "0007").exists()
    assert "history/0007/video.mp4" in {found.key for found in store.list()}
