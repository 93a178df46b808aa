"""Buckets: an object is complete or absent, a run continues from what was uploaded, and errors are reported."""

import itertools
import os
import shutil
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from pipeline import Session, load_schedule, render
from pipeline.run.events import Event, Failed, Finished, FrameDone
from pipeline.run.folder.lock import only_writer
from pipeline.run.progress import JsonReporter
from pipeline.run.run import RunOptions
from pipeline.run.session.requests import RunRequest
from pipeline.run.session.session import render_all
from pipeline.storage.inputs import fetch
from pipeline.storage.ledger import Ledger
from pipeline.storage.output import output_folder
from pipeline.storage.pull import pull
from pipeline.storage.store import Store
from pipeline.storage.uploads import Uploads
from render.errors import InputError, StorageError
from tests.pipeline.batch.conftest import toy
from tests.pipeline.storage.conftest import Line
from tests.shots import SHOTS

numbers = itertools.count()


@pytest.fixture
def store(line: Line) -> Store:
    """A prefix of its own in the bucket."""
    return Store(f"s3://videos/{next(numbers)}/run")


@pytest.fixture
def schedule(tmp_path: Path) -> Path:
    path = tmp_path / "toy.yaml"
    path.write_text(toy(1, frames=12))
    return path


def files(folder: Path) -> dict[str, bytes]:
    """The files of a run that matter."""
    names = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name[0] != ".")
    wanted = (path for path in names if path.parent.name in ("frames", "state") or path.name == "video.mp4")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in wanted}


def pictures(folder: Path) -> dict[str, bytes]:
    """Frames and video only: the order of a state's notes differs from process to process."""
    return {name: data for name, data in files(folder).items() if not name.startswith("state/")}


def run(store: Store, schedule: Path, folder: Path) -> Generator[Event, None, None]:
    loaded = load_schedule(schedule)
    return Session("cpu").events(loaded, folder, remote=store.url)


def fetched(store: Store, folder: Path) -> Path:
    pull(store, folder, Ledger(folder))
    return folder


def test_a_run_in_a_bucket_is_continued_on_another_machine(store: Store, schedule: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    render(load_schedule(schedule), whole)
    first = run(store, schedule, tmp_path / "first")
    for event in first:
        if isinstance(event, FrameDone) and event.index == 6:
            break
    first.close()
    shutil.rmtree(tmp_path / "first")
    there = files(fetched(store, tmp_path / "seen"))
    assert {f"frames/{n:06d}.png" for n in range(7)} <= set(there)
    assert len([name for name in there if name.startswith("state/")]) in (2, 3)  # every eighth frame's state stays
    second = list(run(store, schedule, tmp_path / "second"))
    num_there = len([name for name in there if name.startswith("frames/")])  # two may be in transit when 6 is reported
    assert 7 <= num_there < 10
    assert [event.index for event in second if isinstance(event, FrameDone)] == list(range(num_there, 12))
    assert pictures(tmp_path / "second") == pictures(whole)
    assert files(fetched(store, tmp_path / "all")) == files(tmp_path / "second")
    names = {found.key for found in store.list()}
    assert not [name for name in names if ".lock" in name or ".partial" in name or ".mirror" in name]


def test_a_folder_that_another_run_writes_into_is_left_alone(
    store: Store, schedule: Path, tmp_path: Path, line: Line
) -> None:
    """Nothing is downloaded into it, and nothing that it lacks is removed from the bucket."""
    list(run(store, schedule, tmp_path / "run"))
    (tmp_path / "run" / "poster.png").unlink()
    before = {found.key for found in store.list()}
    line.seen.clear()
    with only_writer(tmp_path / "run"):
        [refused] = run(store, schedule, tmp_path / "run")
    assert isinstance(refused, Failed)
    assert refused.held_by.startswith(f"process {os.getpid()} on ")
    assert line.seen == []
    assert {found.key for found in store.list()} == before


def test_parts_of_a_run_on_three_machines(store: Store, tmp_path: Path, line: Line) -> None:
    """Two machines render a shot each; the third has only the bucket and joins them; none touches another's files."""
    text = toy(1).replace("prompts: {0: red, end: blue}", "prompts: red").replace("length: 6, ", "")
    file = tmp_path / "toy.yaml"
    file.write_text(text + "shots: [{length: 5}, {length: 7, prompts: blue}]\n")
    schedule = load_schedule(file)

    def rendered(machine: str, part: tuple[int, int] | None) -> list[int]:
        session, options = Session("cpu"), RunOptions(part=part)
        events = list(session.events(schedule, tmp_path / machine, options, remote=store.url))
        assert isinstance(events[-1], Finished), events[-1]
        return [event.index for event in events if isinstance(event, FrameDone)]

    assert rendered("second", (5, 12)) == list(range(5, 12))
    assert not [found.key for found in store.list() if found.key == "run.json"]  # the first part's
    assert rendered("first", (0, 5)) == list(range(5))
    assert {path.name for path in (tmp_path / "first" / "frames").iterdir()} == {f"{n:06d}.png" for n in range(5)}
    line.seen.clear()
    assert rendered("first", (0, 5)) == []
    assert not [request for request in line.seen if "frames" in request.split("?")[0]]
    assert rendered("third", None) == []
    render(schedule, tmp_path / "whole")
    assert pictures(tmp_path / "third") == pictures(tmp_path / "whole")
    assert files(fetched(store, tmp_path / "all")) == files(tmp_path / "third")


def test_uploaded_files_are_not_fetched_again(store: Store, schedule: Path, tmp_path: Path, line: Line) -> None:
    list(run(store, schedule, tmp_path / "out"))
    line.seen.clear()
    assert [type(event) for event in run(store, schedule, tmp_path / "out")] == [Finished]
    assert [request.split("?")[0] for request in line.seen if "frames" in request.split("?")[0]] == []
    touched = tmp_path / "out" / "frames" / "000003.png"
    os.utime(touched, (time.time() + 60, time.time() + 60))  # newer than the object, so it is uploaded
    list(run(store, schedule, tmp_path / "out"))
    assert [request for request in line.seen if "000003.png" in request] == [
        f"PUT /{store.url.removeprefix('s3://')}/frames/000003.png"
    ]


@pytest.mark.parametrize(
    "faults", [["drop", "error", "fine", "drop"], pytest.param(["slow", "error", "slow"] * 3, marks=pytest.mark.slow)]
)
def test_upload_errors_lose_nothing(
    store: Store, schedule: Path, tmp_path: Path, line: Line, faults: list[str]
) -> None:
    line.faults = list(faults)
    events = list(run(store, schedule, tmp_path / "out"))
    assert isinstance(events[-1], Finished), events[-1]
    assert line.faults == []
    assert files(fetched(store, tmp_path / "seen")) == files(tmp_path / "out")


def test_download_errors_lose_nothing(store: Store, tmp_path: Path, line: Line) -> None:
    for number in range(4):
        store.put(f"frames/{number}.png", bytes([number]) * 100_000)
    line.method, line.faults = "GET", ["fine", "error", "drop", "slow", "error"]
    fetched(store, tmp_path / "seen")
    assert [(tmp_path / "seen" / "frames" / f"{n}.png").read_bytes() for n in range(4)] == [
        bytes([n]) * 100_000 for n in range(4)
    ]


def test_a_deleted_bucket_fails_the_run_and_keeps_the_folder(
    store: Store, schedule: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("pipeline.storage.store.RETRY_SECONDS", 1)
    [event] = run(store, schedule, tmp_path / "out")
    assert isinstance(event, Failed)
    assert store.url in event.message
    assert "secret" not in event.message
    assert len(event.message.splitlines()) == 1


def test_the_queue_is_never_longer_than_its_limit(line: Line, store: Store) -> None:
    line.always = "slow"
    longest = 0
    with Uploads(store, max_queued=2500) as uploads:
        for number in range(6):
            uploads.put(f"{number}", bytes(1000), lambda tag: None)
            longest = max(longest, uploads._bytes)
    assert longest == 2000
    assert len(store.list()) == 6


def test_uploads_keep_their_order_and_deleted_files_are_removed(store: Store, line: Line) -> None:
    with Uploads(store) as uploads:
        uploads.put("a", b"old", lambda tag: None)
        uploads.put("b", b"new", lambda tag: None)
        uploads.delete("a")
        uploads.delete("never")
    assert [found.key for found in store.list()] == ["b"]


def test_an_interrupted_run_does_not_wait_for_its_uploads(line: Line, store: Store) -> None:
    line.always = "slow"
    uploads = Uploads(store).__enter__()
    for number in range(100):
        uploads.put(f"{number}", b"x", lambda tag: None)
    uploads.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert 0 < len(store.list()) < 100  # the run did not wait for all of them


def test_an_object_outside_the_folder_is_refused(tmp_path: Path) -> None:
    from datetime import datetime

    from pipeline.storage.pull import _fetched_if_newer
    from pipeline.storage.store import Object

    stranger = Object(key="../outside", modified=datetime.now(), tag=None)
    with pytest.raises(StorageError, match="would be written outside"):
        _fetched_if_newer(Store("s3://b/p"), stranger, tmp_path, Ledger(tmp_path))


def test_patterns_are_fetched_with_all_that_they_name(store: Store, tmp_path: Path) -> None:
    text = toy(1) + "source: {images: frames/*.png}\nmotion: {flow: {images: more/%03d.png}}\n"
    store.put("sea.yaml", text.encode())
    inside = ["frames/1.png", "frames/10.png", "more/001.png"]
    for key in [*inside, "frames/notes.txt", "frames/deeper/2.png", "elsewhere/3.png"]:
        store.put(key, b"")
    found = fetch(f"{store.url}/sea.yaml", tmp_path)
    here = {path.relative_to(found[0].parent).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert here == {"sea.yaml", *inside}


def test_schedules_are_fetched_with_the_files_that_they_name(store: Store, tmp_path: Path) -> None:
    text = toy(1).replace("prompts:", "include: look/look.yaml\nprompts:") + "markers: {a.b: 1s}\n"
    text += "start: {image: look/first.png}\nguides: {end: {image: last one.png}}\n"
    store.put("sea.yaml", text.encode())
    store.put("look/look.yaml", b"losses: {smooth: {weight: 0.2, region: masks/sky.mp4}}\n")
    store.put("look/masks/sky.mp4", b"")
    store.put("masks/sky.mp4", b"")
    store.put("look/first.png", b"")
    store.put("last one.png", b"")
    store.put("other/unnamed.yaml", b"prompts: nothing\n")
    store.put("broken.yaml", b"prompts: [\n")
    store.put("notes.txt", b"")
    found = fetch(store.url + "/", tmp_path)
    assert [path.name for path in found] == ["broken.yaml", "sea.yaml"]
    here = sorted(path.relative_to(found[1].parent).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    pictures = ["last one.png", "look/first.png", "masks/sky.mp4"]
    assert here == sorted(["broken.yaml", "look/look.yaml", "sea.yaml", *pictures])
    assert fetch(f"{store.url}/sea.yaml", tmp_path) == [found[1]]
    with pytest.raises(StorageError, match=r"none\.yaml: there is no such object"):
        fetch(f"{store.url}/none.yaml", tmp_path)
    with pytest.raises(InputError, match="contains no schedule"):
        fetch(f"{store.url}/other/deeper", tmp_path)


@pytest.mark.parametrize(
    "url", ["s3:/b/p", "ftp://b/p", "s3://", "s3://user:secret@b/p", "s3://b/p?key=secret", "az://account"]
)
def test_urls_that_are_not_buckets_are_refused(url: str) -> None:
    with pytest.raises(InputError, match="expected s3://"):
        Store(url)


@pytest.mark.parametrize("url", ["s3://b/p/", "gs://b/p", "az://account/box/p"])
def test_the_local_folder_of_a_bucket(url: str, tmp_path: Path) -> None:
    output = output_folder(url, None, tmp_path)
    assert output.folder == tmp_path / url.rstrip("/").replace("://", "/")
    assert output_folder("here", url, None).folder == Path("here")
    with pytest.raises(InputError, match="give only one of the two"):
        output_folder(url, url, tmp_path)


def test_lockstep_in_a_bucket(store: Store, tmp_path: Path) -> None:
    """A run and the shots of another one refined as one batch, each with its own prefix in the bucket."""
    jobs = []
    for number, text in enumerate((toy(0), SHOTS)):
        file = tmp_path / f"toy{number}.yaml"
        file.write_text(text)
        folder = tmp_path / "out" / file.stem
        jobs.append(RunRequest(schedule=load_schedule(file), folder=folder, remote=f"{store.url}/{file.stem}"))
    assert render_all(jobs, Session("cpu"), RunOptions(), JsonReporter(), at_once=4) == 0
    for job in jobs:
        assert job.remote is not None
        assert files(fetched(Store(job.remote), tmp_path / "seen" / job.folder.name)) == files(job.folder)
        assert len(pictures(job.folder)) == job.schedule.output.num_frames + 1
