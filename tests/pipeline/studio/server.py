"""A real server on a real port, as users start it, and what a test does with it."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.waiting import wait_for

TOKEN = "a-token-of-the-tests-0123456789"
LONG = """
output: {size: [32, 24], fps: 8, length: 400, seed: 3}
models: {latent: pixels, perceptors: [toy]}
prompts: {0: red, 200: red, 399: blue}
motion: {zoom: 1.2/s}
refine: {steps: 12, first_frame: 4, cutouts: 2}
"""
TOY = LONG.replace("length: 400", "length: 6").replace("200: red, 399: blue", "3: red, 5: blue")


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server, the folder that it has opened, and the folder of its runs."""

    process: subprocess.Popen[str]
    port: int
    folder: Path
    out: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, token: str | None = TOKEN) -> httpx2.Client:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=120)

    def raw(self, request: str) -> tuple[int, str]:
        """Send bytes as they are, which clients would tidy up; return the status and the whole response."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(request.encode("latin-1"))
            response = b""
            while part := connection.recv(65536):
                response += part
        return int(response.split(b" ", 2)[1]), response.decode("latin-1")

    def get(self, path: str, *headers: str, host: str = "", token: str | None = TOKEN) -> tuple[int, str]:
        """Get a path that is written exactly so."""
        lines = [f"GET {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{self.port}'}", "Connection: close", *headers]
        lines += [] if token is None else [f"Authorization: Bearer {token}"]
        return self.raw("\r\n".join(lines) + "\r\n\r\n")

    def children(self) -> set[int]:
        """The processes that it has started for its work."""
        found = set()
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
                line = (stat.parent / "cmdline").read_text()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid and "spawn_main" in line:
                found.add(int(stat.parent.name))
        return found


@contextmanager
def serving(command: str, place: Path, *options: str, name: str = "serve") -> Iterator[Server]:
    """Start the server for a file or folder, and end it with Ctrl-C."""
    out = place.parent / "out" if place.is_file() else place / "out"
    environment = os.environ | {"RENDER_STUDIO_TOKEN": TOKEN}
    process = subprocess.Popen(
        [command, name, str(place), "--port", "0", "--out", str(out), *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().split(":")[2].partition("/")[0])
        server = Server(process=process, port=port, folder=place if place.is_dir() else place.parent, out=out)
        wait_for(lambda: _answers(port), process)
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def events(client: httpx2.Client) -> Iterator[tuple[str, Any]]:
    """Yield the kind and content of every event of the server."""
    with client.stream("GET", "/api/events") as response:
        yield from told(response)


def told(response: httpx2.Response) -> Iterator[tuple[str, Any]]:
    """Yield the kind and content of every event of a stream that is open."""
    kind = ""
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def job_until(client: httpx2.Client, name: str, reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until a job is as wanted, and return it."""
    found: dict[str, Any] = {}

    def is_there() -> bool:
        found.update(client.get(f"/api/jobs/{name}").json())
        return reached(found)

    wait_for(is_there)
    return found


def is_over(job: dict[str, Any]) -> bool:
    return job["state"] in ("stopped", "finished", "failed")
