"""A bucket on moto's server, and a connection to it that fails or is slow on demand."""

import http.server
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

pytest.importorskip("obstore")
pytest.importorskip("moto")

BUCKET = "videos"
HOP = ("connection", "content-length", "host", "transfer-encoding")


@dataclass
class Line:
    """A proxy between a render and the bucket: what to do with requests of a method, in order.

    `faults` are used up one by one by requests of `method`: "drop" closes the connection, "error" answers 503,
    "slow" waits a fifth of a second, "fine" lets it through.
    """

    port: int
    method: str = "PUT"
    faults: list[str] = field(default_factory=list)
    always: str = "fine"
    seen: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, method: str, path: str) -> str:
        self.seen.append(f"{method} {path}")
        if method != self.method:
            return "fine"
        return self.faults.pop(0) if self.faults else self.always


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    """The address of a server with an empty bucket."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/moto-api/", timeout=20).close()
                break
            except OSError:
                time.sleep(0.1)
        create = urllib.request.Request(f"{address}/{BUCKET}", method="PUT")
        create.add_header("Authorization", "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/s3/aws4_request")
        urllib.request.urlopen(create, timeout=20).close()
        yield address
    finally:
        process.terminate()
        process.wait()


class Dialect:
    """What a server expects in requests, and what is missing from its answers."""

    def path(self, method: str, path: str) -> str:
        return path

    def headers(self, method: str, body: bytes) -> dict[str, str]:
        return {}


@contextmanager
def adapted(server: str, dialect: Dialect | None = None) -> Iterator[Line]:
    """A proxy to a server."""
    spoken = dialect or Dialect()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = between.take(self.command, self.path)
            if fault == "drop":
                self.close_connection = True
                return
            if fault == "error":
                self._answer(503, {}, b"<Error><Code>SlowDown</Code></Error>")
                return
            if fault == "slow":
                time.sleep(0.2)
            self._pass_on(body)

        def _pass_on(self, body: bytes) -> None:
            headers = {name.title(): value for name, value in self.headers.items() if name.lower() not in HOP}
            headers.setdefault("Content-Type", "application/octet-stream")  # otherwise urllib declares a form
            asked = urllib.request.Request(
                f"{server}{spoken.path(self.command, self.path)}", data=body or None, method=self.command
            )
            for name, value in headers.items():
                asked.add_header(name, value)
            try:
                with urllib.request.urlopen(asked, timeout=20) as answer:
                    body = answer.read()
                    self._answer(answer.status, {**answer.headers, **spoken.headers(self.command, body)}, body)
            except urllib.error.HTTPError as error:
                with error:
                    self._answer(error.code, dict(error.headers.items()), error.read())

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(body))
            self.send_header("Content-Length", length)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.daemon_threads = True
    between = Line(port=proxy.server_address[1])
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    try:
        yield between
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


@pytest.fixture
def line(bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """A proxy to the bucket; the environment names it as the S3 endpoint."""
    with adapted(bucket) as between:
        for name, value in {
            "AWS_ENDPOINT": between.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "a-secret-that-nobody-may-see",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        yield between
