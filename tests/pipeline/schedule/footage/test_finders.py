"""What finds the motion of footage: named, or with weights by path; located only if there is footage."""

from pathlib import Path

import pytest

from pipeline.schedule.loader import load_schedule, read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.errors import DownloadError, ScheduleError
from tests.footage import written
from tests.known_motion import leaves

HEAD = "output: {size: [64, 48], fps: 10, length: 3}\nprompts: a\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture = leaves(80, 48)
    written(tmp_path / "clip.mkv", [picture[:, k : 64 + k] for k in (0, 2, 4)], fps=10)
    (tmp_path / "raft.pth").write_bytes(b"weights")
    return tmp_path


def read(folder: Path, text: str) -> Schedule:
    (folder / "a.yaml").write_text(HEAD + text)
    return load_schedule(folder / "a.yaml")


def test_its_name_is_in_the_frames(folder: Path) -> None:
    for name in ("dis", "raft-small", "random:raft-small"):
        text = f"source: {{video: clip.mkv, mix: 0.5}}\nmodels: {{flow: {name}}}\n"
        spec = Timeline(read(folder, text)).at(1)
        assert spec.flow is not None
        assert spec.flow.method == name
    assert Timeline(read(folder, "motion: {flow: {video: clip.mkv}}\nmodels: {flow: raft-large}\n")).at(1).flow


@pytest.mark.parametrize(
    ("text", "needed"),
    [("", False), ("source: {video: clip.mkv}\n", True), ("motion: {flow: {video: clip.mkv}}\n", True)],
)
def test_it_is_located_if_there_is_footage(text: str, needed: bool, folder: Path) -> None:
    models = read(folder, text).models
    assert models.finds_motion == needed
    located = models.locate(offline=True, progress=lambda *said: None)
    assert (located.flow is not None) == needed
    assert located.digests().get("flow") == ({"name": "dis", "sha256": {}} if needed else None)


def test_published_weights_that_are_not_here_are_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    models = read(folder, "source: {video: clip.mkv}\nmodels: {flow: raft-small}\n").models
    with pytest.raises(DownloadError, match=r"raft-small.pth is not in the cache, and offline mode forbids"):
        models.locate(offline=True, progress=lambda *said: None)


def test_weights_of_your_own(folder: Path) -> None:
    found = read(folder, "models: {flow: {model: raft-small, checkpoint: raft.pth}}\n").models.flow
    assert (found.name, found.entry, found.architecture, found.download) == ("raft.pth", "raft", "raft_small", None)
    assert found.files().weights == folder / "raft.pth"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raft_small", "unknown flow model 'raft_small'; did you mean 'raft-small'?"),
        ("raft", "unknown flow model 'raft'; expected one of: dis, raft-large, raft-small"),
        ("5", "expected dis, raft-small, raft-large, or {model: raft-small, checkpoint: raft.pth}, got '5'"),
        ("{model: raft-small}", "'checkpoint' is missing; expected dis"),
        ("{model: dis, checkpoint: raft.pth}", "expected raft-small or raft-large, got 'dis'"),
        ("{model: raft-small, checkpoint: /etc/passwd}", "--allow-paths"),
    ],
)
def test_a_wrong_one(text: str, message: str, folder: Path) -> None:
    with pytest.raises(ScheduleError) as caught:
        read(folder, f"models: {{flow: {text}}}\n")
    assert message in str(caught.value)
    assert "a.yaml:3:" in str(caught.value)


def test_a_shot_has_no_other(folder: Path) -> None:
    text = f"{HEAD}shots: [{{length: 1}}, {{length: 2, models: {{flow: raft-small}}}}]\n"
    with pytest.raises(ScheduleError, match="is the same for all shots"):
        read_schedule(text.replace(", length: 3", ""), "a.yaml", "a")
