"""The server survives its clients, and its command says what is wrong."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import pytest

from pipeline.cli import main
from pipeline.studio.launch import listen
from render.errors import InputError
from tests.pipeline.studio.server import TOKEN, TOY, Server, events, serving
from tests.waiting import wait_for


def _opened(server: Server, request: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    connection.sendall(request.encode())
    return connection


def test_it_survives_fifty_listeners_and_half_open_streams(server: Server, client: httpx2.Client) -> None:
    """Listeners that read, that never read, that vanish, that send half a request; and too many of them."""
    head = f"Host: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {TOKEN}\r\n"
    listen = f"GET /api/events HTTP/1.1\r\n{head}\r\n"
    open_ones = [_opened(server, listen) for _ in range(50)]
    halves = [_opened(server, "GET /api/schedules HTTP/1.1\r\nHost: 127") for _ in range(50)]
    bodies = [
        _opened(
            server, f"POST /api/check HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{{"
        )
        for _ in range(20)
    ]
    assert all(connection.recv(12) == b"HTTP/1.1 200" for connection in open_ones)
    assert client.get("/api/schedules").status_code == 200
    for connection in open_ones[:25]:
        connection.close()
    heard: list[str] = []
    with server.client() as other:
        listening = events(other)
        thread = threading.Thread(target=lambda: heard.append(next(listening)[1]["path"]))
        thread.start()
        wait_for(lambda: _touch(server.folder / "survived.yaml") and not thread.is_alive())
        assert heard == ["survived.yaml"]
    more = [_opened(server, listen) for _ in range(70)]
    statuses = {connection.recv(12) for connection in more}
    assert statuses == {b"HTTP/1.1 200", b"HTTP/1.1 503"}
    for connection in (*open_ones, *halves, *bodies, *more):
        connection.close()

    def has_room() -> bool:
        with _opened(server, listen) as connection:
            return connection.recv(12) == b"HTTP/1.1 200"

    wait_for(has_room)


def _touch(path: Path) -> bool:
    path.write_text(TOY + "#" * (path.stat().st_size % 7 if path.exists() else 0))
    os.utime(path)
    return True


def test_http_that_is_none_is_refused(server: Server, client: httpx2.Client) -> None:
    for request in (
        "\0\1\2\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "GET /" + "a" * 40_000,
    ):
        assert server.raw(request + "\r\n\r\n")[0] == 400
    assert client.get("/api/schedules").status_code == 200


def test_what_cannot_be_served_is_one_message(server: Server, command: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("short")
    place, port = str(tmp_path), str(server.port)
    for arguments, message in (
        ((place, "--port", port), f"--port {port}: is in use by another program"),
        ((f"{place}/nothing",), "there is no such file or folder"),
        ((place, "--token-file", f"{place}/token"), "expected 16 or more letters and digits"),
        ((place, "--token-file", f"{place}/none"), "no token can be read from it"),
        ((place, "--host", "no-such-host.invalid"), "--host no-such-host.invalid"),
    ):
        with pytest.raises(InputError, match=message) as refused:
            main(["serve", *arguments], standalone_mode=False)
        assert "\n" not in str(refused.value)
    ended = subprocess.run([command, "serve", place, "--port", port], capture_output=True, text=True)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)


def test_the_default_port_is_the_next_free_one() -> None:
    with listen("127.0.0.1", None) as one, listen("127.0.0.1", None) as other:
        first, second = one.getsockname()[1], other.getsockname()[1]
    assert 8420 <= first < second < 8470


def test_without_the_extra_there_is_a_hint(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['uvicorn'] = None; sys.argv[:] = ['render', 'studio', sys.argv[1]];"
        "from pipeline.cli import entry; entry()"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr == "the studio needs uvicorn; pip install '.[studio]'\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_ends_as_other_commands_do_and_takes_its_processes_along(
    command: str, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    (tmp_path / "toy.yaml").write_text(TOY)
    with serving(command, tmp_path / "toy.yaml", "--no-open", name="studio") as server, server.client() as client:
        listener = _opened(
            server, f"GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        )
        assert client.get("/api/studio").json()["first"] == "toy.yaml"
        assert client.post("/api/stale", json={"path": "toy.yaml", "text": TOY}).status_code == 200
        children = server.children()
        assert len(children) == 1
        server.process.send_signal(number)
        assert server.process.wait(60) == code
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))
        listener.close()


def test_the_door_gives_a_cookie_for_the_token_only(command: str, tmp_path: Path) -> None:
    with serving(command, tmp_path, "--no-open", name="studio") as server:
        with httpx2.Client(base_url=server.url) as browser:
            assert browser.get("/").status_code == 401
            assert browser.get("/?token=wrong").status_code == 401
            assert browser.get("/api/schedules").status_code == 401
            entered = browser.get(f"/?token={TOKEN}")
            assert (entered.status_code, entered.headers["location"]) == (303, "/")
            cookie = entered.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=strict" in cookie
            assert TOKEN not in cookie
            on_the_way = browser.get(
                f"/?token={TOKEN}", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
            )
            assert on_the_way.status_code == 200
            assert 'content="0; url=/"' in on_the_way.text
            page = browser.get("/")
            assert page.status_code == 200
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert browser.get("/api/schedules").status_code == 200
            assert browser.get("/api/schedules", headers={"Origin": "http://127.0.0.1:1"}).status_code == 403
            assert browser.put("/api/schedules/a.yaml", json={"text": "", "version": None}).status_code == 200
        assert server.get("/../../../pyproject.toml")[0] == 404
