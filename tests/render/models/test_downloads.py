"""Downloads from real local hosts: what is requested, how much is sent, and what is kept."""

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from render.errors import DownloadError
from render.models import transfer
from render.models.downloads import Download, cache_folder, fetch, offline_wanted
from tests.waiting import PATIENCE, wait_for

CONTENT = random.Random(0).randbytes(400_000)
OTHER = random.Random(1).randbytes(len(CONTENT))
SHA256 = hashlib.sha256(CONTENT).hexdigest()
HALF = len(CONTENT) // 2
PAGE = b"<!DOCTYPE html>\n<html><body>This link has expired.</body></html>"

# A separate process that fetches one file and prints its progress, one line each.
FETCH = """
import json, sys
from pathlib import Path
from render.models.downloads import Download, fetch
from render.errors import DownloadError
tell = lambda name, done, total: print(done, total, flush=True)
assert "torch" not in sys.modules
try:
    print(fetch(Download(**json.loads(sys.argv[1])), Path(sys.argv[2]), offline=False, progress=tell))
except DownloadError as error:
    sys.exit(str(error))
"""


@dataclass
class Answer:
    """How the host answers every request for one path.

    Attributes:
        headers: sent in addition to Content-Length, instead of the defaults.
        cuts: number of bytes after which the connection is cut, one for each request; None sends everything.
        ranges: whether Range is honoured; "always" does so whatever If-Range says.
        gate: the host sends half and then waits for this event, at most until the test ends.
    """

    content: bytes = CONTENT
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"ETag": '"one"'})
    cuts: list[int | None] = field(default_factory=list)
    ranges: str = "if-range"
    gate: Event | None = None
    chunked: bool = False


class Host(ThreadingHTTPServer):
    """Serves `answers` by path, and records each GET's Range and If-Range, and how many bytes of content it sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.ranges: list[str | None] = []
        self.conditions: list[str | None] = []
        self.sent = 0
        self.errors: list[BaseException | None] = []

    def handle_error(self, *_: object) -> None:
        """Keep the error for the end of the test: raised in this thread, it would fail whichever test is running."""
        if not isinstance(sys.exception(), ConnectionError):  # errors caused by a killed process are ignored
            self.errors.append(sys.exception())

    def release(self) -> None:
        """Let every waiting answer continue."""
        for answer in self.answers.values():
            if answer.gate:
                answer.gate.set()

    def url(self, path: str = "/model.ckpt") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Host

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        answer = self.server.answers.get(self.path, Answer(b"", 404))
        self._head(answer.status, {"Content-Length": str(len(answer.content)), **answer.headers})

    def do_GET(self) -> None:
        self.server.ranges.append(self.headers.get("Range"))
        self.server.conditions.append(self.headers.get("If-Range"))
        answer = self.server.answers.get(self.path, Answer(b"", 404))
        total, start = len(answer.content), self._start(answer)
        if start >= total > 0:
            self._head(416, {"Content-Range": f"bytes */{total}", "Content-Length": "0"})
            return
        part = {"Content-Range": f"bytes {start}-{total - 1}/{total}"} if start else {}
        length = {"Transfer-Encoding": "chunked"} if answer.chunked else {"Content-Length": str(total - start)}
        self._head(206 if start else answer.status, length | part | answer.headers)
        self._body(answer, start, answer.cuts.pop(0) if answer.cuts else None)

    def _start(self, answer: Answer) -> int:
        asked = self.headers.get("Range")
        current = self.headers.get("If-Range") in (answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
        if asked and (answer.ranges == "always" or (answer.ranges and current)):
            return int(asked.removeprefix("bytes=").rstrip("-"))
        return 0

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()

    def _body(self, answer: Answer, start: int, cut: int | None) -> None:
        body = answer.content[start:]
        end = len(body) if cut is None else cut
        middle = end // 2 if answer.gate else end
        self._send(body[:middle], answer.chunked)
        if answer.gate:
            answer.gate.wait()
            self._send(body[middle:end], answer.chunked)
        if end < len(body):
            self.close_connection = True
            with contextlib.suppress(OSError):  # the other side may have closed before
                self.connection.shutdown(socket.SHUT_RDWR)
        elif answer.chunked and not self.close_connection:
            self.wfile.write(b"0\r\n\r\n")

    def _send(self, data: bytes, chunked: bool) -> None:
        try:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
            self.server.sent += len(data)
        except ConnectionError:  # a process that was killed
            self.close_connection = True


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(transfer, "PAUSES", (0.0,) * 4)
    with Host() as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server
        finally:
            server.release()
            server.shutdown()
        assert server.errors == []


@pytest.fixture
def model(host: Host) -> Download:
    """A file that the host serves; neither its size nor its hash is known."""
    host.answers["/model.ckpt"] = Answer()
    return Download(name="model.ckpt", addresses=(host.url(),))


def quiet(name: str, done: int, total: int | None) -> None:
    """Ignores progress."""


def get(download: Download, folder: Path, *, offline: bool = False) -> bytes:
    path = fetch(download, folder, offline=offline, progress=quiet)
    assert path == folder / download.name
    return path.read_bytes()


def refused(download: Download, folder: Path, *, offline: bool = False) -> str:
    with pytest.raises(DownloadError) as caught:
        fetch(download, folder, offline=offline, progress=quiet)
    return str(caught.value)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def start(download: Download, folder: Path, output: Path, code: str = FETCH, **variables: str) -> subprocess.Popen[str]:
    """Fetch in a separate process that writes to `output`."""
    asked = json.dumps({"name": download.name, "addresses": download.addresses, "size": download.size})
    with output.open("w") as file:
        return subprocess.Popen(
            [sys.executable, "-c", code, asked, str(folder)],
            stdout=file,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])} | variables,
        )


# ---- the normal case


def test_file_is_downloaded_once_and_recorded(host: Host, model: Download, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "cache"
    heard: list[tuple[str, int, int | None]] = []
    path = fetch(model, folder, offline=False, progress=lambda *said: heard.append(said))
    assert path.read_bytes() == CONTENT
    assert heard[0] == ("model.ckpt", 0, len(CONTENT))
    assert heard[-1] == ("model.ckpt", len(CONTENT), len(CONTENT))
    assert files(folder) == ["model.ckpt", "model.ckpt.lock", "model.ckpt.sha256"]
    assert f"{SHA256}  model.ckpt\n" in (folder / "model.ckpt.sha256").read_text()
    assert get(model, folder) == CONTENT
    assert len(host.ranges) == 1


def test_chunked_file_of_unknown_length(host: Host, model: Download, tmp_path: Path) -> None:
    host.answers["/model.ckpt"].chunked = True
    assert get(model, tmp_path) == CONTENT


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", "/etc/passwd", "c:x"])
def test_name_with_a_path_is_refused(name: str) -> None:
    with pytest.raises(DownloadError, match="is not a name"):
        Download(name=name, addresses=())


def test_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.setenv("RENDER_CACHE", "")
    assert cache_folder().parts[-1] == "vqgan-clip-render"


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("on", True), ("Yes", True), ("TRUE", True), ("0", False)]
)
def test_offline_requested(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    assert offline_wanted() is expected


# ---- resuming


@pytest.mark.parametrize("headers", [{"ETag": '"one"'}, {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}])
def test_interrupted_downloads_resume(host: Host, model: Download, tmp_path: Path, headers: dict[str, str]) -> None:
    host.answers["/model.ckpt"] = Answer(headers=headers, cuts=[100_000, 50_000, 1_000, 1_000, 1_000, 1_000, None])
    assert get(model, tmp_path) == CONTENT
    assert host.ranges[:3] == [None, "bytes=100000-", "bytes=150000-"]
    assert host.conditions[:3] == [None, *headers.values(), *headers.values()]
    assert host.sent == len(CONTENT)  # no byte twice


@pytest.mark.parametrize(
    "change",
    [
        {"ranges": ""},
        {"headers": {}, "ranges": "always"},  # nothing distinguishes the two versions
        {"headers": {"ETag": 'W/"one"'}, "ranges": "always"},
    ],
)
def test_host_without_range_support_restarts_the_download(
    host: Host, model: Download, tmp_path: Path, change: dict[str, object]
) -> None:
    host.answers["/model.ckpt"] = replace(Answer(cuts=[HALF, None]), **change)  # type: ignore[arg-type]
    assert get(model, tmp_path) == CONTENT
    assert host.sent == HALF + len(CONTENT)


def test_host_that_always_disconnects_is_replaced_by_the_next(host: Host, model: Download, tmp_path: Path) -> None:
    host.answers["/model.ckpt"] = Answer(ranges="", cuts=[HALF] * 20)
    host.answers["/mirror.ckpt"] = Answer(OTHER)
    both = replace(model, addresses=(host.url(), host.url("/mirror.ckpt")))
    assert get(both, tmp_path) == OTHER  # nothing of the first file is mixed in
    assert len(host.ranges) == 1 + len(transfer.PAUSES) + 1
    assert "the connection was cut" in refused(replace(model, name="b"), tmp_path)


def test_early_end_is_resumed_if_the_size_is_known(host: Host, model: Download, tmp_path: Path) -> None:
    """Without Content-Length, a cut connection looks like the end of the file."""
    headers = {"ETag": '"one"', "Content-Length": "", "Connection": "close"}
    host.answers["/model.ckpt"] = Answer(headers=headers, cuts=[HALF, None])
    assert get(replace(model, size=len(CONTENT)), tmp_path) == CONTENT
    assert host.ranges == [None, f"bytes={HALF}-"]


@pytest.mark.parametrize("ranges", ["if-range", "always"])
def test_file_that_changed_during_an_interruption_is_not_mixed(
    host: Host, model: Download, tmp_path: Path, ranges: str
) -> None:
    host.answers["/model.ckpt"] = Answer(cuts=[HALF, 0, 0, 0, 0])
    assert "the connection was cut" in refused(model, tmp_path)
    host.answers["/model.ckpt"] = Answer(OTHER, headers={"ETag": '"two"'}, ranges=ranges)
    assert get(model, tmp_path) == OTHER
    assert f"bytes={HALF}-" in host.ranges


def test_file_that_became_shorter_during_an_interruption_is_downloaded_again(
    host: Host, model: Download, tmp_path: Path
) -> None:
    host.answers["/model.ckpt"] = Answer(cuts=[HALF, 0, 0, 0, 0])
    refused(model, tmp_path)
    host.answers["/model.ckpt"] = Answer(OTHER[:1000], headers={"ETag": '"two"'}, ranges="always")
    assert get(model, tmp_path) == OTHER[:1000]


@pytest.mark.parametrize("part", ["bytes 7-399999/400000", "bytes 200000-399999/500000", "bytes */400000", "nonsense"])
def test_range_that_was_not_requested_is_rejected(host: Host, model: Download, tmp_path: Path, part: str) -> None:
    host.answers["/model.ckpt"] = Answer(cuts=[HALF, 0, 0, 0, 0])
    refused(model, tmp_path)
    host.answers["/model.ckpt"] = Answer(headers={"ETag": '"one"', "Content-Range": part})
    assert get(model, tmp_path) == CONTENT
    assert host.ranges[-1] is None


def test_download_resumes_after_the_process_was_killed(host: Host, model: Download, tmp_path: Path) -> None:
    gate = host.answers["/model.ckpt"].gate = Event()
    process = start(model, tmp_path, tmp_path / "output")
    partial = tmp_path / "model.ckpt.partial"
    wait_for(lambda: partial.exists() and partial.stat().st_size > HALF // 2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    gate.set()
    assert not (tmp_path / "model.ckpt").exists()
    kept = partial.stat().st_size
    host.answers["/model.ckpt"] = Answer()
    assert get(model, tmp_path) == CONTENT
    assert host.ranges == [None, f"bytes={kept}-"]


def test_complete_partial_file_is_used_without_a_request(host: Host, model: Download, tmp_path: Path) -> None:
    """The process was killed after the last byte and before the rename."""
    partial = tmp_path / "model.ckpt.partial"
    partial.write_bytes(CONTENT)
    transfer.TransferRecord(address=host.url(), validator='"one"', total=len(CONTENT)).write(partial)
    assert get(model, tmp_path) == CONTENT
    assert host.ranges == []


FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))" + FETCH


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit for files")
def test_failed_write_is_reported_and_resumed(host: Host, model: Download, tmp_path: Path) -> None:
    process = start(model, tmp_path, tmp_path / "output", FULL)
    _, said = process.communicate(timeout=PATIENCE)
    assert said == f"{tmp_path / 'model.ckpt'}: cannot be stored: File too large; the next run resumes from there\n"
    assert get(model, tmp_path) == CONTENT
    assert host.ranges == [None, "bytes=100000-"]


# ---- one at a time


def test_two_processes_download_once_and_the_second_shows_progress(host: Host, model: Download, tmp_path: Path) -> None:
    gate = host.answers["/model.ckpt"].gate = Event()
    outputs = [tmp_path / "a", tmp_path / "b"]
    both = [start(model, tmp_path, output) for output in outputs]
    wait_for(lambda: all(f"{HALF} {len(CONTENT)}" in output.read_text() for output in outputs))
    gate.set()
    for process, output in zip(both, outputs, strict=True):
        assert process.communicate(timeout=PATIENCE)[1] == ""
        assert output.read_text().splitlines()[-1] == str(tmp_path / "model.ckpt")
    assert (tmp_path / "model.ckpt").read_bytes() == CONTENT
    assert host.ranges == [None]


# ---- responses that are not the file


@pytest.mark.parametrize(
    ("bad", "known", "reason"),
    [
        (Answer(PAGE, headers={"Content-Type": "text/html; charset=utf-8"}), {}, "an HTML page"),
        (Answer(b"\xef\xbb\xbf \n<!-- x --><HTML>" + PAGE), {}, "an HTML page"),
        (Answer(b""), {}, "it is empty"),
        (Answer(OTHER), {"sha256": SHA256}, f"expected {SHA256}"),
        (Answer(CONTENT[:-1]), {"size": len(CONTENT)}, "it has 399,999 bytes, expected 400,000"),
        (Answer(CONTENT, 404), {}, "HTTP 404 Not Found"),
        (Answer(CONTENT, 503), {}, "HTTP 503 Service Unavailable"),
        (Answer(headers={"Content-Encoding": "gzip"}), {}, "compressed"),
        (Answer(headers={"Content-Length": "", "Connection": "close"}), {}, "where the file ends"),
        (Answer(b"", 302, {"Location": "file:///etc/passwd"}), {}, "refused, .*'file://'"),
        (Answer(b"", 302, {"Location": "/bad.ckpt"}), {}, "refused, .*redirects"),
        (Answer(cuts=[0] * 5), {}, "the connection was cut"),
    ],
)
def test_wrong_content_is_discarded_and_the_next_address_tried(
    host: Host, model: Download, tmp_path: Path, bad: Answer, known: dict[str, str], reason: str
) -> None:
    host.answers["/bad.ckpt"] = bad
    only = replace(model, addresses=(host.url("/bad.ckpt"),), **known)  # type: ignore[arg-type]
    said = refused(only, tmp_path)
    assert (tmp_path / "model.ckpt.lock").exists()
    assert not (tmp_path / "model.ckpt").exists()
    with pytest.raises(DownloadError, match=reason):
        raise DownloadError(said)
    assert f"{host.url('/bad.ckpt')}: " in said
    assert str(tmp_path / "model.ckpt") in said
    assert "models: {latent: {config: ..., checkpoint: ...}}" in said

    both = replace(only, addresses=(host.url("/bad.ckpt"), host.url()))
    assert get(both, tmp_path) == CONTENT


def test_wrong_size_is_detected_before_the_first_byte(host: Host, model: Download, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="it has 400,000 bytes, expected 5"):
        fetch(replace(model, size=5), tmp_path, offline=False, progress=lambda *_: pytest.fail("began"))


def test_an_address_may_give_a_hash_prefix(host: Host, model: Download, tmp_path: Path) -> None:
    promise = replace(model, addresses=(f"{host.url()}#sha256={SHA256[:8]}",))
    assert get(promise, tmp_path) == CONTENT
    host.answers["/other.ckpt"] = Answer(OTHER)
    broken = f"{host.url('/other.ckpt')}#sha256={SHA256[:8]}"
    assert f"expected {SHA256[:8]}" in refused(Download(name="b", addresses=(broken,)), tmp_path)
    assert get(Download(name="b", addresses=(broken, *promise.addresses)), tmp_path) == CONTENT


def test_redirect_is_followed(host: Host, model: Download, tmp_path: Path) -> None:
    host.answers["/old"] = Answer(b"", 302, {"Location": host.url()})
    assert get(replace(model, addresses=(host.url("/old"),)), tmp_path) == CONTENT


@pytest.mark.parametrize("address", ["file:///etc/hostname", "ftp://example.org/a", "http://example.org/a", "/a", ""])
def test_other_addresses_are_refused(tmp_path: Path, address: str) -> None:
    said = refused(Download(name="a", addresses=(address,)), tmp_path)
    assert f"{address}: refused, only https:// and hf:// are fetched" in said


def test_without_a_network_every_address_fails_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("waited"))
    hosts = ("https://one.example/a", "https://two.example/a", "hf://owner/repo/a")
    assert refused(Download(name="a", addresses=hosts), tmp_path).count("(no network?)") == 3


# ---- the same content as at first use


def test_file_downloaded_again_must_have_the_recorded_hash(host: Host, model: Download, tmp_path: Path) -> None:
    get(model, tmp_path)
    (tmp_path / "model.ckpt").unlink()
    host.answers["/model.ckpt"] = Answer(OTHER)
    assert "its content changed: SHA-256" in refused(model, tmp_path)
    assert files(tmp_path) == ["model.ckpt.lock", "model.ckpt.sha256"]
    (tmp_path / "model.ckpt.sha256").unlink()
    assert get(model, tmp_path) == OTHER


def test_changed_file_in_the_cache_is_refused_and_kept(host: Host, model: Download, tmp_path: Path) -> None:
    get(model, tmp_path)
    (tmp_path / "model.ckpt").write_bytes(OTHER)
    said = refused(model, tmp_path)
    assert f"its content changed: SHA-256 {hashlib.sha256(OTHER).hexdigest()}, was {SHA256} at first use" in said
    assert (tmp_path / "model.ckpt").read_bytes() == OTHER
    (tmp_path / "model.ckpt").unlink()
    assert get(model, tmp_path) == CONTENT


def test_unchanged_file_is_not_hashed_again(
    host: Host, model: Download, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(model, tmp_path)
    hashed: list[str] = []
    real = hashlib.file_digest

    def file_digest(file, name):  # type: ignore[no-untyped-def]
        hashed.append(file.name)
        return real(file, name)

    monkeypatch.setattr(hashlib, "file_digest", file_digest)
    get(model, tmp_path)
    assert hashed == []
    os.utime(tmp_path / "model.ckpt")
    for _ in range(2):
        get(model, tmp_path)
    assert len(hashed) == 1


def test_known_hash_overrides_the_record(host: Host, model: Download, tmp_path: Path) -> None:
    get(model, tmp_path)
    assert "remove the file" in refused(replace(model, sha256="0" * 64), tmp_path)
    assert get(replace(model, sha256=SHA256), tmp_path) == CONTENT


def test_damaged_record_is_reported(host: Host, model: Download, tmp_path: Path) -> None:
    get(model, tmp_path)
    (tmp_path / "model.ckpt.sha256").write_text("nonsense")
    assert "model.ckpt.sha256: damaged" in refused(model, tmp_path)


def test_manually_placed_file_is_checked_and_used(host: Host, model: Download, tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    path.write_bytes(PAGE)
    assert f"{path}: it is an HTML page" in refused(model, tmp_path)
    path.write_bytes(OTHER)
    assert "expected" in refused(replace(model, sha256=SHA256), tmp_path)
    assert get(model, tmp_path) == OTHER
    assert host.ranges == []


# ---- offline


@pytest.mark.parametrize("variable", [False, True])
def test_offline_opens_no_socket(
    host: Host, model: Download, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: bool
) -> None:
    get(model, tmp_path)
    if variable:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(socket, "socket", lambda *_, **__: pytest.fail("opened a socket"))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("asked for a name"))
    assert get(model, tmp_path, offline=not variable) == CONTENT
    missing = replace(model, name="b.ckpt", addresses=(host.url(), "hf://owner/repo/b.ckpt"))
    assert "b.ckpt is not in the cache, and offline mode forbids downloading it" in refused(
        missing, tmp_path, offline=not variable
    )
    assert len(host.ranges) == 1


# ---- the hub

HUB = "/owner/repo/resolve/v1/weights/model.ckpt"


def from_hub(host: Host, folder: Path, home: Path, *others: str, **variables: str) -> tuple[list[str], str]:
    """Fetch from the hub that HF_ENDPOINT names: lines of output, and the final message."""
    hub = {"HF_ENDPOINT": host.url(""), "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1"}
    model = Download(name="model.ckpt", addresses=("hf://owner/repo@v1/weights/model.ckpt", *others))
    process = start(model, folder, folder.parent / "output", **hub, **variables)
    said = process.communicate(timeout=PATIENCE)[1]
    return (folder.parent / "output").read_text().splitlines(), said


def test_hub_requests_go_to_hf_endpoint(host: Host, tmp_path: Path) -> None:
    host.answers[HUB] = Answer(headers={"ETag": f'"{SHA256}"', "X-Repo-Commit": "a" * 40})
    folder, home = tmp_path / "cache", tmp_path / "home"
    lines, said = from_hub(host, folder, home)
    assert (lines[-2:], said) == ([f"{len(CONTENT)} {len(CONTENT)}", str(folder / "model.ckpt")], "")
    assert (folder / "model.ckpt").read_bytes() == CONTENT
    assert files(folder) == ["model.ckpt", "model.ckpt.lock", "model.ckpt.sha256"]
    assert (folder / "model.ckpt").stat().st_nlink == 2  # the hub's copy and ours are the same file

    shutil.rmtree(folder)
    host.server_close()  # when offline, the hub's own cache still has it
    lines, said = from_hub(host, folder, home, HF_HUB_OFFLINE="1")
    assert (lines, said) == ([str(folder / "model.ckpt")], "")
    assert host.sent == len(CONTENT)


def test_file_that_the_hub_lacks_comes_from_the_next_address(host: Host, model: Download, tmp_path: Path) -> None:
    lines, said = from_hub(host, tmp_path / "cache", tmp_path / "home", host.url())
    assert (lines[-1], said) == (str(tmp_path / "cache" / "model.ckpt"), "")
    for status in (401, 404):
        host.answers[HUB] = Answer(b"", status)
        _, said = from_hub(host, tmp_path / "other", tmp_path / "home")
        assert f"hf://owner/repo@v1/weights/model.ckpt: HTTP {status} " in said
        assert ("hf auth login" in said) == (status == 401)


@pytest.mark.parametrize("address", ["hf://owner", "hf://owner/repo", "hf://owner/repo@main"])
def test_address_on_the_hub_must_be_complete(tmp_path: Path, address: str) -> None:
    assert "expected hf://owner/repo[@revision]" in refused(Download(name="a", addresses=(address,)), tmp_path)
