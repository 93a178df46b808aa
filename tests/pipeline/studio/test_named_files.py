"""Files that a schedule names, as a page asks for them: by their paths in the opened folder."""

import shutil

import httpx2

from tests.pipeline.studio.server import Server


def test_a_guide_of_a_schedule_in_a_folder_below_is_found(server: Server, client: httpx2.Client) -> None:
    shutil.copy(server.folder / "picture.png", server.folder / "below" / "guide.png")
    text = (server.folder / "below" / "deep.yaml").read_text() + "guides: {1s: {image: guide.png}}\n"
    answer = client.post("/api/timeline", json={"path": "below/deep.yaml", "text": text})
    [guide] = answer.json()["guides"]
    assert guide["path"] == "below/guide.png"
    assert client.get(f"/api/files/{guide['path']}").headers["content-type"] == "image/png"


def test_schedules_that_runs_keep_are_not_listed(server: Server, client: httpx2.Client) -> None:
    (server.out / "made").mkdir(parents=True)
    shutil.copy(server.folder / "toy.yaml", server.out / "made" / "schedule.yaml")
    listed = {each["path"] for each in client.get("/api/schedules").json()}
    assert "toy.yaml" in listed
    assert not any(path.startswith("out/") for path in listed)
