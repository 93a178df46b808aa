"""Which files can be read and written: those of the opened folder, and nothing else."""

import json
import os
import stat
import wave
from pathlib import Path

import httpx2
import numpy as np
import pytest

from pipeline.audio.decoding import RATE
from tests.pipeline.studio.server import TOY, Server

SECRET = "a secret"


def test_the_schedules_are_listed_without_what_is_hidden_or_outside(client: httpx2.Client) -> None:
    found = {each["path"]: each for each in client.get("/api/schedules").json()}
    assert {"toy.yaml", "below/deep.yaml", "alias.yaml"} <= found.keys()
    assert not {"link.yaml", ".hidden.yaml", ".git/config.yaml", "folder/outside.yaml"} & found.keys()
    assert found["toy.yaml"]["size"] == len(TOY)


@pytest.mark.parametrize("kind", ["/api/schedules/", "/api/files/", "/api/outputs/", "/"])
@pytest.mark.parametrize(
    "path",
    [
        "../outside.yaml",
        "..%2foutside.yaml",
        "%2e%2e/outside.yaml",
        "%2e%2e%2foutside.yaml",
        "%252e%252e%252foutside.yaml",
        "below/../../outside.yaml",
        "below/%2e%2e/%2e%2e/outside.yaml",
        "..\\outside.yaml",
        "..%5coutside.yaml",
        "....//outside.yaml",
        "./toy.yaml",
        "below//deep.yaml",
        "link.yaml",
        "folder/outside.yaml",
        ".hidden.yaml",
        ".git/config.yaml",
        "toy.yaml%00.png",
        "toy.yaml/",
        "/toy.yaml",
        "//etc/passwd",
        "%2fetc%2fpasswd",
        "file:///etc/passwd",
        "~/.bashrc",
        "page.html",
        "%c0%ae%c0%ae/outside.yaml",
        "below",
        "a" * 5000 + ".yaml",
    ],
)
def test_no_path_leads_out(server: Server, kind: str, path: str) -> None:
    status, response = server.get(kind + path)
    assert status in (400, 401, 404), response[:200]
    assert SECRET not in response
    assert "root:" not in response


def test_nothing_is_written_outside(server: Server, client: httpx2.Client) -> None:
    before = sorted(server.folder.parent.rglob("*.yaml"))
    for path in ("..%2fnew.yaml", "folder%2fnew.yaml", ".new.yaml", "new.sh", "nowhere%2fnew.yaml", "link.yaml"):
        response = client.put(f"/api/schedules/{path}", json={"text": "x", "version": None})
        assert response.status_code == 404, path
    assert sorted(server.folder.parent.rglob("*.yaml")) == before
    assert (server.folder.parent / "outside.yaml").read_text() == SECRET


def test_a_text_comes_back_byte_for_byte(client: httpx2.Client, folder: Path) -> None:
    file = folder / "bytes.yaml"
    data = "\ufeffa: é 🎬\r\n# end\u2028 \n".encode()
    file.write_bytes(data)
    file.chmod(0o640)
    read = client.get("/api/schedules/bytes.yaml").json()
    written = client.put("/api/schedules/bytes.yaml", json={"text": read["text"], "version": read["version"]})
    assert written.json() == {"version": read["version"]}
    assert file.read_bytes() == data
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_file_that_has_changed_is_not_overwritten(client: httpx2.Client, folder: Path) -> None:
    file = folder / "changed.yaml"
    path = "/api/schedules/changed.yaml"
    first = client.put(path, json={"text": "one", "version": None}).json()["version"]
    assert client.put(path, json={"text": "two", "version": None}).status_code == 409
    file.write_text("by another program")
    refused = client.put(path, json={"text": "two", "version": first})
    assert refused.status_code == 409
    assert refused.json()["error"] == "changed.yaml: has changed on the disk since it was read"
    assert file.read_text() == "by another program"
    file.unlink()
    gone = client.put(path, json={"text": "two", "version": first})
    assert gone.status_code == 409
    assert "deleted" in gone.json()["error"]
    assert client.get(path).status_code == 404


def test_what_is_no_text_or_too_long_is_refused(client: httpx2.Client, folder: Path) -> None:
    (folder / "broken.yaml").write_bytes(b"\xff\xfe")
    (folder / "huge.yaml").write_bytes(b"#" * 1_000_001)
    assert client.get("/api/schedules/broken.yaml").status_code == 400
    assert client.get("/api/schedules/huge.yaml").status_code == 413
    long = client.put("/api/schedules/new.yaml", json={"text": "#" * 1_000_001, "version": None})
    assert long.status_code == 413
    half, is_json = '{"text": "\\ud83c", "version": null}', {"Content-Type": "application/json"}
    assert client.put("/api/schedules/new.yaml", content=half, headers=is_json).status_code == 400
    assert client.post("/api/check", json={"path": "toy.yaml", "text": "#" * 4_000_000}).status_code == 413
    assert not (folder / "new.yaml").exists()


def test_a_pipe_does_not_hang_the_server(client: httpx2.Client, folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")
    assert client.get("/api/schedules/pipe.yaml").status_code == 404
    assert client.put("/api/schedules/pipe.yaml", json={"text": "", "version": None}).status_code == 404
    assert client.get("/api/files/pipe.png").status_code == 404


@pytest.mark.parametrize("record", ["[" * 100_000, '{"file": 1}', "\xff"])
def test_a_record_that_is_none_hides_no_other_run(server: Server, client: httpx2.Client, record: str) -> None:
    run = server.out / "broken"
    run.mkdir(parents=True, exist_ok=True)
    (run / "run.json").write_text(record, encoding="latin-1")
    if not (run / "schedule.yaml").is_symlink():
        (run / "schedule.yaml").symlink_to(server.folder.parent / "outside.yaml")
    assert "broken" not in [each["name"] for each in client.get("/api/outputs").json()]
    assert client.get("/api/outputs/broken/schedule").status_code == 404


def test_pictures_are_served_in_ranges_and_as_what_they_are(client: httpx2.Client, folder: Path) -> None:
    data = (folder / "picture.png").read_bytes()
    whole = client.get("/api/files/picture.png")
    assert whole.content == data
    assert whole.headers["content-type"] == "image/png"
    part = client.get("/api/files/picture.png", headers={"Range": "bytes=2-5"})
    assert part.status_code == 206
    assert part.content == data[2:6]
    assert client.get("/api/files/picture.png", headers={"Range": "bytes=900000-"}).status_code == 416


def test_a_waveform_shows_how_loud_a_track_is(client: httpx2.Client, folder: Path) -> None:
    """Half a second of silence, then a tone of 440 Hz at half of full scale."""
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    samples = np.concatenate([np.zeros(RATE // 2), tone])
    with wave.open(str(folder / "tone.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    found = client.get("/api/waveform", params={"path": "tone.wav"}).json()
    assert found["seconds"] == pytest.approx(1.5, abs=1e-3)
    assert len(found["low"]) == len(found["high"]) == pytest.approx(1.5 * found["rate"], abs=1)
    quiet, loud = (slice(0, int(0.45 * found["rate"])), slice(int(0.55 * found["rate"]), -2))
    assert max(found["high"][quiet]) == min(found["low"][quiet]) == 0
    np.testing.assert_allclose(found["high"][loud], 0.5, atol=0.02)
    np.testing.assert_allclose(found["low"][loud], -0.5, atol=0.02)
    for path, status in (("toy.yaml", 404), ("../tone.wav", 404), ("", 400)):
        assert client.get("/api/waveform", params={"path": path}).status_code == status
    (folder / "none.wav").write_bytes(b"RIFF" + b"x" * 100)
    refused = client.get("/api/waveform", params={"path": "none.wav"})
    assert (refused.status_code, refused.json()["error"]) == (400, "'none.wav': cannot be decoded as audio")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"path": "toy.yaml"}',
        b'{"path": 1, "text": ""}',
        b'{"path": "toy.yaml", "text": "", "more": 1}',
        b"[" * 100_000,
        b"\xff",
        b'{"path": "toy.yaml", "text": null}',
    ],
)
def test_a_body_that_is_not_as_described_is_refused(client: httpx2.Client, body: bytes) -> None:
    response = client.post("/api/check", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert set(response.json()) == {"error", "problems"}


def test_a_check_says_where_each_problem_is(client: httpx2.Client) -> None:
    text = 'output: {length: 3s, lenght: 2}\nprompts: "a 🎬"\nmotion: {zoom: x}\n'
    found = client.post("/api/check", json={"path": "new.yaml", "text": text}).json()
    assert found["facts"] is None
    first, second = found["problems"]
    assert (first["line"], first["column"], first["end_line"], first["end_column"]) == (1, 22, 1, 28)
    assert text.splitlines()[2][second["column"] - 1 : second["end_column"] - 1] == "x"
    assert second["severity"] == "error"


def test_spans_count_as_javascript_does(client: httpx2.Client) -> None:
    text = 'prompts: ["🎬🎬", {texd: a}]\n'
    found = client.post("/api/check", json={"path": "new.yaml", "text": text}).json()["problems"]
    units = text.encode("utf-16-le")
    assert [units[2 * each["span"]["from"] : 2 * each["span"]["to"]].decode("utf-16-le") for each in found] == ["texd"]


def test_a_valid_text_has_facts(client: httpx2.Client) -> None:
    found = client.post("/api/check", json={"path": "toy.yaml", "text": TOY}).json()
    assert found["facts"] == {"frames": 6, "fps": 8.0, "seconds": 0.75, "size": [32, 24]}
    assert [each for each in found["problems"] if each["severity"] == "error"] == []


def test_half_a_surrogate_pair_does_no_harm(client: httpx2.Client) -> None:
    body = json.dumps({"path": "toy.yaml", "text": "prompts: a"}).replace("prompts: a", "prompts: \\ud83c")
    response = client.post("/api/check", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 200
    assert response.json()["facts"] is None
