"""Renders and looks: they run apart from the server, can be stopped or killed, and go on where they were."""

import os
import signal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from pipeline.run.session.session import Session
from pipeline.schedule.loader import load_schedule
from tests.pipeline.studio.server import LONG, TOY, Server, events, is_over, job_until, told
from tests.waiting import wait_for

TEXT = LONG.replace("length: 400", "length: 60").replace("200: red, 399: blue", "30: red, 58: blue, 59: blue")
BEHIND = TEXT.replace("1.2/s}", "{0: 1.2/s, 9: 1.2/s, 10: 0.7/s}}")  # another motion from frame 10 on
AHEAD = BEHIND.replace("59: blue", "59: green")  # and another last frame


@pytest.fixture(scope="module")
def rendered(server: Server) -> str:
    """A run that was killed, went on, and was steered by two edits while it was rendering: its name."""
    (server.folder / "live.yaml").write_text(TEXT)
    with server.client() as client:
        others = server.children()
        first = client.post("/api/renders", json={"path": "live.yaml"}).json()["id"]
        job_until(client, first, lambda job: job["done"] > 2 or is_over(job))
        for pid in server.children() - others:
            os.kill(pid, signal.SIGKILL)
        failed = job_until(client, first, is_over)
        assert failed["state"] == "failed"
        assert "SIGKILL" in failed["message"]
        assert "start it again" in failed["message"]

        second = client.post("/api/renders", json={"path": "live.yaml"}).json()["id"]
        job = job_until(client, second, lambda job: job["done"] > max(16, failed["done"]) or is_over(job))
        assert job["state"] == "running"
        _steer(client, second)
        job = job_until(client, second, is_over)
        assert (job["state"], job["done"], job["frames"]) == ("finished", 60, 60)
        assert client.get(job["picture"]).content.startswith(b"\x89PNG")
        assert client.post(f"/api/jobs/{second}/schedule", json={"text": TEXT}).status_code == 409
    return "live"


def _steer(client: httpx2.Client, name: str) -> None:
    """Edit behind the playhead, of several edits the last one, then ahead of it; one with problems changes nothing."""
    address = f"/api/jobs/{name}/schedule"
    assert client.post(address, json={"text": "motion: {zoom: x}"}).status_code == 400
    assert client.post(address, json={"text": TEXT.replace("red", "green")}).status_code == 200
    with client.stream("GET", "/api/events") as response:  # before the edit, so that nothing is missed
        assert client.post(address, json={"text": BEHIND}).status_code == 200
        frames = []
        for kind, job in told(response):
            assert not is_over(job), "it did not go back"
            if kind == "job" and job["id"] == name and job["frame"] is not None:
                frames.append(job["frame"])
            if len(frames) > 1 and frames[-1] < frames[-2]:
                break
    job_until(client, name, lambda job: job["done"] > 14)
    assert client.post(address, json={"text": AHEAD}).status_code == 200


def test_frames_are_those_of_the_last_text_alone(server: Server, rendered: str, tmp_path: Path) -> None:
    """To the bit, though the run was killed once and its text changed twice."""
    (tmp_path / "live.yaml").write_text(AHEAD)
    Session().render(load_schedule(tmp_path / "live.yaml"), tmp_path / "reference")
    expected = sorted((tmp_path / "reference" / "frames").iterdir())
    assert len(expected) == 60
    for frame in expected:
        assert frame.read_bytes() == (server.out / rendered / "frames" / frame.name).read_bytes(), frame.name


def test_a_run_is_in_the_gallery(client: httpx2.Client, rendered: str) -> None:
    (shown,) = [each for each in client.get("/api/outputs").json() if each["name"] == rendered]
    assert (shown["frames_done"], shown["path"], shown["size"], shown["fps"]) == (60, "live.yaml", [32, 24], 8.0)
    assert client.get(f"/api/outputs/{rendered}/{shown['video']}", headers={"Range": "bytes=4-7"}).content == b"ftyp"
    assert client.get(f"/api/outputs/{rendered}/{shown['contact']}").headers["content-type"] == "image/png"
    assert client.get(f"/api/outputs/{rendered}/schedule").text == AHEAD
    assert client.get(f"/api/outputs/{rendered}/.lock").status_code == 404
    assert client.get(f"/api/outputs/{rendered}/state/000007.safetensors").status_code == 404


def test_an_edit_makes_frames_stale_from_where_it_is(client: httpx2.Client, rendered: str) -> None:
    def stale(text: str) -> dict[str, Any]:
        found: dict[str, Any] = client.post("/api/stale", json={"path": "live.yaml", "text": text}).json()
        return found

    assert stale(AHEAD) == {
        "output": rendered,
        "frames": 60,
        "rendered": 60,
        "current": 60,
        "stale_from": None,
        "missing_from": None,
    }
    assert stale(BEHIND)["stale_from"] == 59
    assert stale(TEXT)["stale_from"] == 10
    longer = stale(AHEAD.replace("length: 60", "length: 70"))
    assert (longer["stale_from"], longer["missing_from"], longer["frames"]) == (None, 60, 70)


def test_a_look_is_the_moment_that_preview_shows(server: Server, client: httpx2.Client) -> None:
    for _ in range(2):  # the second one by the same process
        name = client.post("/api/looks", json={"path": "toy.yaml", "text": TOY, "frame": 3}).json()["id"]
        job = job_until(client, name, is_over)
        assert (job["state"], job["kind"]) == ("finished", "look")
        assert client.get(job["picture"]).content.startswith(b"\x89PNG")
    late = client.post("/api/looks", json={"path": "toy.yaml", "text": TOY, "frame": 6}).json()["id"]
    assert job_until(client, late, is_over)["message"] == "there is no frame 6; the last one is 5"


def test_jobs_wait_in_order_and_are_stopped(server: Server, client: httpx2.Client) -> None:
    """One that waits at once, one that runs after its frame; one whose schedule has been deleted meanwhile fails."""
    file = server.folder / "deleted.yaml"
    file.write_text(TOY)
    names = [
        client.post("/api/renders", json={"path": path}).json()["id"] for path in ("long.yaml", "long.yaml", file.name)
    ]
    file.unlink()
    assert [client.get(f"/api/jobs/{name}").json()["state"] for name in names[1:]] == ["waiting", "waiting"]
    assert client.post(f"/api/jobs/{names[1]}/stop").json()["state"] == "stopped"
    job_until(client, names[0], lambda job: job["done"] > 2 or is_over(job))
    assert client.post(f"/api/jobs/{names[0]}/stop").json()["state"] == "running"
    stopped = job_until(client, names[0], is_over)
    assert stopped["state"] == "stopped"
    assert 2 < stopped["done"] < 400
    failed = job_until(client, names[2], is_over)
    assert failed["state"] == "failed"
    assert "deleted.yaml: cannot be read: No such file" in failed["message"]
    assert client.post("/api/renders", json={"path": "deleted.yaml"}).status_code == 404
    assert client.post("/api/jobs/nothing/stop").status_code == 404


def test_every_listener_hears_of_files_and_jobs(server: Server, client: httpx2.Client) -> None:
    with server.client() as other:
        heard = events(other)
        (server.folder / "heard.yaml").write_text(TOY)
        kinds = set()
        for kind, content in heard:
            kinds.add((kind, content.get("change"), content.get("path")))
            if ("file", "added", "heard.yaml") in kinds:
                break
        name = client.post("/api/looks", json={"path": "toy.yaml", "text": TOY, "frame": 0}).json()["id"]
        states = []
        for kind, content in heard:
            if kind == "job" and content["id"] == name:
                states.append(content["state"])
                if content["state"] == "finished":
                    break
        assert states[-2:] == ["running", "finished"]


def test_a_process_that_dies_is_replaced(server: Server, client: httpx2.Client) -> None:
    body = {"path": "toy.yaml", "text": TOY, "width": 32}
    opened = client.post("/api/preview", json=body).json()
    for pid in server.children():
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not server.children())
    found = client.get(f"/api/preview/{opened['id']}/0-5")
    assert found.status_code == 200, found.text
