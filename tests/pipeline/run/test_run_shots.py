"""Shots that start with a cut are rendered independently: the frames of one are kept, whatever another lacks."""

import json
from pathlib import Path

import pytest

from pipeline import Finished, FrameDone, Session, Started, load_schedule
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.status import read_status
from tests.shots import four_shots

SHOTS = four_shots(5, 6, 3, 4)
CUTS = [(0, 5), (5, 14), (14, 18)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shots.yaml"
    path.write_text(SHOTS)
    return path


def rendered(file: Path, folder: Path) -> tuple[list[int], int]:
    """The frames that were rendered, and the first one that was announced."""
    events = list(Session().events(load_schedule(file), folder))
    assert isinstance(events[-1], Finished), events[-1]
    frames = [event for event in events if isinstance(event, FrameDone)]
    remaining = [event.remaining for event in frames]
    assert remaining == sorted(set(remaining), reverse=True)
    assert not remaining or remaining[-1] == 0
    assert sum(isinstance(event, Started) for event in events) == bool(frames)
    return [event.index for event in frames], events[-1].frames


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "frames").glob("*.png"))}


def test_only_the_edited_shot_is_rendered_again(file: Path, tmp_path: Path) -> None:
    assert rendered(file, tmp_path / "out") == (list(range(18)), 18)
    stamps = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "frames").glob("*.png")}
    file.write_text(SHOTS.replace("blue", "yellow"))
    assert rendered(file, tmp_path / "out")[0] == list(range(5, 14))
    whole = tmp_path / "whole"
    rendered(file, whole)
    assert bytes_of(tmp_path / "out") == bytes_of(whole)
    assert (tmp_path / "out" / "video.mp4").read_bytes() == (whole / "video.mp4").read_bytes()
    now = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "frames").glob("*.png")}
    assert {name for name in now if now[name] != stamps[name]} == {f"{n:06d}.png" for n in range(5, 14)}


def test_missing_frames_are_rendered_from_the_state_before_them(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rendered(file, out)
    whole = bytes_of(out)
    for index in (3, 4, 16, 17):
        (out / "frames" / f"{index:06d}.png").unlink()
    new, _ = rendered(file, out)
    # No states are kept for frames 0 to 4; those of frames 16 and 17 are kept (the latest two) and hold their pictures.
    assert new == [0, 1, 2, 3, 4]
    assert bytes_of(out) == whole
    assert read_status(RunFolder(out)).done == ("0:18",)


def test_a_longer_last_shot_continues_from_its_last_state(file: Path, tmp_path: Path) -> None:
    rendered(file, tmp_path / "out")
    file.write_text(SHOTS.replace("length: 4", "length: 6"))
    assert rendered(file, tmp_path / "out") == ([18, 19], 20)
    assert json.loads((tmp_path / "out" / "report.json").read_text())["frames"] == 20
