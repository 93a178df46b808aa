"""Renders and looks: they run apart from the server, can be stopped or killed, and go on where they were."""

import os
import signal
from pathlib import Path
from typing import Any

import httpx2

from pipeline.run.session.session import Session
from pipeline.schedule.loader import load_schedule
from tests.pipeline.studio.server import LONG, TOY, Server, events, is_over, job_until
from tests.waiting import wait_for


def test_a_render_is_stopped_killed_and_goes_on(server: Server, client: httpx2.Client, tmp_path: Path) -> None:
    """Whatever ends its process: the job says so, the server goes on, and the frames are those of `render`."""
    text = LONG.replace("length: 400", "length: 60").replace("200: red, 399: blue", "30: red, 59: blue")
    (server.folder / "killed.yaml").write_text(text)

    def render() -> str:
        return str(client.post("/api/renders", json={"path": "killed.yaml"}).json()["id"])

    def has_begun(job: dict[str, Any]) -> bool:
        return job["done"] > 2 or is_over(job)

    others = server.children()
    job_until(client, first := render(), has_begun)
    assert client.post(f"/api/jobs/{first}/stop").status_code == 200
    stopped = job_until(client, first, is_over)
    assert stopped["state"] == "stopped"
    done = stopped["done"]
    assert 2 < done < 60

    job_until(client, second := render(), lambda job: has_begun(job) and job["done"] > done)
    for pid in server.children() - others:
        os.kill(pid, signal.SIGKILL)
    failed = job_until(client, second, is_over)
    assert failed["state"] == "failed"
    assert "SIGKILL" in failed["message"]
    assert "start it again" in failed["message"]

    finished = job_until(client, render(), is_over)
    assert (finished["state"], finished["done"], finished["frames"]) == ("finished", 60, 60)
    (shown,) = [each for each in client.get("/api/outputs").json() if each["name"] == "killed"]
    assert (shown["frames_done"], shown["path"], shown["size"]) == (60, "killed.yaml", [32, 24])
    assert client.get("/api/outputs/killed/video.mp4", headers={"Range": "bytes=4-7"}).content == b"ftyp"
    assert client.get("/api/outputs/killed/schedule").text == text
    assert client.get(finished["picture"]).content.startswith(b"\x89PNG")

    Session().render(load_schedule(server.folder / "killed.yaml"), tmp_path / "reference")
    for frame in sorted((tmp_path / "reference" / "frames").iterdir()):
        assert frame.read_bytes() == (server.out / "killed" / "frames" / frame.name).read_bytes()


def test_an_edit_makes_frames_stale_from_where_it_is(server: Server, client: httpx2.Client) -> None:
    job_until(client, client.post("/api/renders", json={"path": "toy.yaml", "text": TOY}).json()["id"], is_over)
    same = client.post("/api/stale", json={"path": "toy.yaml", "text": TOY}).json()
    assert same == {"output": "toy", "frames": 6, "rendered": 6, "current": 6, "stale_from": None, "missing_from": None}
    edited = client.post("/api/stale", json={"path": "toy.yaml", "text": TOY.replace("blue", "green")}).json()
    assert (edited["current"], edited["stale_from"]) == (4, 4)
    longer = client.post("/api/stale", json={"path": "toy.yaml", "text": TOY.replace("length: 6", "length: 9")}).json()
    assert (longer["stale_from"], longer["missing_from"], longer["frames"]) == (None, 6, 9)


def test_a_look_is_the_moment_that_preview_shows(server: Server, client: httpx2.Client) -> None:
    for _ in range(2):  # the second one by the same process
        name = client.post("/api/looks", json={"path": "toy.yaml", "text": TOY, "frame": 3}).json()["id"]
        job = job_until(client, name, is_over)
        assert (job["state"], job["kind"]) == ("finished", "look")
        assert client.get(job["picture"]).content.startswith(b"\x89PNG")
    late = client.post("/api/looks", json={"path": "toy.yaml", "text": TOY, "frame": 6}).json()["id"]
    assert job_until(client, late, is_over)["message"] == "there is no frame 6; the last one is 5"


def test_jobs_wait_in_order_and_one_that_waits_is_stopped_at_once(server: Server, client: httpx2.Client) -> None:
    first, second = (client.post("/api/renders", json={"path": "long.yaml"}).json()["id"] for _ in range(2))
    assert client.get(f"/api/jobs/{second}").json()["state"] == "waiting"
    assert client.post(f"/api/jobs/{second}/stop").json()["state"] == "stopped"
    client.post(f"/api/jobs/{first}/stop")
    client.post(f"/api/jobs/{first}/stop")
    assert job_until(client, first, is_over)["state"] == "stopped"


def test_a_schedule_deleted_under_it_is_a_clear_failure(server: Server, client: httpx2.Client) -> None:
    blocker = client.post("/api/renders", json={"path": "long.yaml"}).json()["id"]
    file = server.folder / "deleted.yaml"
    file.write_text(TOY)
    name = client.post("/api/renders", json={"path": "deleted.yaml"}).json()["id"]
    file.unlink()
    for _ in range(2):
        client.post(f"/api/jobs/{blocker}/stop")
    job = job_until(client, name, is_over)
    assert job["state"] == "failed"
    assert "deleted.yaml: cannot be read: No such file" in job["message"]
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
