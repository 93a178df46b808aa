import dataclasses
import hashlib
import json
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.run.delivery.report import RunReport, is_current, write_report
from pipeline.run.folder.finished import record_video_checksum, video_matches_report
from pipeline.run.folder.folder import RunFolder
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from render.models.registry import find_latent, find_perceptor

KEYS = {
    "title",
    "frames",
    "frames_in_schedule",
    "size",
    "sound",
    "videos",
    "loop",
    "fps",
    "seconds_per_frame",
    "steps_per_second",
    "device",
    "similarity",
    "random_weights",
    "models",
    "versions",
    "last_frame_hash",
    "video_sha256",
}


@pytest.fixture
def schedule() -> Schedule:
    return read_schedule("output: {size: [64, 32], fps: 8, length: 12}\nprompts: a calm sea", "sea.yaml", "sea")


def figures_of(schedule: Schedule, seconds: list[float], steps: list[int]) -> RunReport:
    figures = RunReport(device="cpu")
    spec = Timeline(schedule).at(0)
    for index, (taken, count) in enumerate(zip(seconds, steps, strict=True)):
        figures.add(dataclasses.replace(spec, index=index, num_steps=count), taken)
    return figures


def written(folder: Path, schedule: Schedule, figures: RunReport, last_hash: str = "ab") -> dict[str, Any]:
    digests = schedule.models.locate(offline=True, progress=lambda name, done, total: None).digests()
    (folder / "video.mp4").touch()
    write_report(RunFolder(folder), schedule, figures, [0.25, None], digests, last_hash)
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report


def test_report_has_every_documented_key(tmp_path: Path, schedule: Schedule) -> None:
    report = written(tmp_path, schedule, figures_of(schedule, [4.0, 1.0, 2.0], [10, 5, 6]))
    assert report.keys() == KEYS
    assert (report["title"], report["size"], report["fps"]) == ("sea", [64, 32], 8)
    assert (report["frames"], report["frames_in_schedule"]) == (2, 12)
    assert report["similarity"] == [0.25, None]
    assert report["seconds_per_frame"] == 2.0  # the median
    assert report["steps_per_second"] == 3.0  # 21 steps in 7 seconds
    assert (report["device"], report["last_frame_hash"]) == ("cpu", "ab")


def test_with_frames_between_refined_ones_the_seconds_are_the_mean(schedule: Schedule) -> None:
    """Most of these frames take next to no time, so the median would say nothing."""
    figures, spec = RunReport(), Timeline(schedule).at(0)
    for index, seconds in enumerate([3.0, 3.0, 0.0, 0.0, 0.0]):
        figures.add(dataclasses.replace(spec, index=index, key=spec if index % 3 else None), seconds)
    assert figures.seconds_per_frame == 1.2


def test_report_has_the_digest_of_every_model_file(tmp_path: Path, schedule: Schedule) -> None:
    models = written(tmp_path, schedule, RunReport())["models"]
    for model, entry in (
        (find_latent("embedded"), models["latent"]),
        (find_perceptor("embedded"), models["perceptors"][0]),
    ):
        assert isinstance(model.architecture, Path)
        assert model.checkpoint is not None
        assert entry["name"] == "embedded"
        assert entry["sha256"] == {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (model.architecture, model.checkpoint)
        }


def test_report_marks_random_weights(tmp_path: Path) -> None:
    assert written(tmp_path, read_schedule("prompts: a sea", "a.yaml", "a"), RunReport())["random_weights"] == []
    text = "prompts: a sea\nmodels: {latent: random:embedded, perceptors: [toy, random:ViT-B-32]}"
    report = written(tmp_path, read_schedule(text, "b.yaml", "b"), RunReport())
    assert report["random_weights"] == ["random:embedded", "random:ViT-B-32"]


def test_report_has_the_versions_in_use(tmp_path: Path, schedule: Schedule) -> None:
    versions = written(tmp_path, schedule, RunReport())["versions"]
    assert versions["torch"] == metadata.version("torch")
    assert versions["vqgan-clip-render"] == metadata.version("vqgan-clip-render")
    assert None not in versions.values()


def test_earlier_speeds_are_kept_if_nothing_was_rendered(tmp_path: Path, schedule: Schedule) -> None:
    before = written(tmp_path, schedule, figures_of(schedule, [2.0], [6]))
    after = written(tmp_path, schedule, RunReport())
    assert after == before
    assert after["steps_per_second"] == 3.0


def test_new_speeds_replace_earlier_ones(tmp_path: Path, schedule: Schedule) -> None:
    written(tmp_path, schedule, figures_of(schedule, [2.0], [6]))
    assert written(tmp_path, schedule, figures_of(schedule, [1.0], [6]))["steps_per_second"] == 6.0


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"{torn", b"\xff\xfe"])
def test_a_damaged_report_counts_as_missing(tmp_path: Path, schedule: Schedule, content: bytes) -> None:
    (tmp_path / "report.json").write_bytes(content)
    assert not is_current(RunFolder(tmp_path), "ab", schedule)
    assert written(tmp_path, schedule, RunReport())["seconds_per_frame"] is None


def test_a_title_is_written_unescaped(tmp_path: Path, schedule: Schedule) -> None:
    written(tmp_path, dataclasses.replace(schedule, title="夕陽 🌅"), RunReport())
    assert "夕陽 🌅" in (tmp_path / "report.json").read_text(encoding="utf-8")


@pytest.fixture
def finished(tmp_path: Path, schedule: Schedule) -> Path:
    written(tmp_path, schedule, RunReport())
    for name in ("contact.png", "poster.png"):
        (tmp_path / name).touch()
    return tmp_path


def test_finished_folder_is_current(finished: Path, schedule: Schedule) -> None:
    assert is_current(RunFolder(finished), "ab", schedule)


def test_other_frames_title_or_rate_are_not_current(finished: Path, schedule: Schedule) -> None:
    assert not is_current(RunFolder(finished), "ac", schedule)
    assert not is_current(RunFolder(finished), "ab", dataclasses.replace(schedule, title="another"))
    faster = dataclasses.replace(schedule.output, fps=9.0)
    assert not is_current(RunFolder(finished), "ab", dataclasses.replace(schedule, output=faster))


@pytest.mark.parametrize("name", ["video.mp4", "contact.png", "poster.png", "report.json"])
def test_folder_with_a_missing_file_is_not_current(finished: Path, schedule: Schedule, name: str) -> None:
    (finished / name).unlink()
    assert not is_current(RunFolder(finished), "ab", schedule)


def test_a_changed_video_is_current_only_after_its_checksum_is_recorded(finished: Path, schedule: Schedule) -> None:
    folder = RunFolder(finished)
    folder.video.write_bytes(b"torn")
    assert not video_matches_report(folder)
    assert not is_current(folder, "ab", schedule)
    record_video_checksum(folder, "ac")
    assert not video_matches_report(folder), "a video of other frames is not the one in the report"
    record_video_checksum(folder, "ab")
    assert video_matches_report(folder)
    assert is_current(folder, "ab", schedule)


def test_time_left_counts_one_more_step_per_frame(schedule: Schedule) -> None:
    figures = figures_of(schedule, [5.0, 1.0], [9, 1])  # 6 seconds for 10 + 2
    assert figures.seconds_left(np.array([3.0, 0.0])) == pytest.approx(0.5 * (4 + 1))
    assert figures.seconds_left(np.array([])) == 0.0


def test_time_left_ignores_old_frames(schedule: Schedule) -> None:
    figures = figures_of(schedule, [1000.0] + [2.0] * 24, [1] * 25)
    assert figures.seconds_left(np.array([1.0])) == pytest.approx(2.0)


def test_frames_without_steps_give_a_time_left_but_no_speed(schedule: Schedule) -> None:
    figures = figures_of(schedule, [0.5], [0])
    assert figures.seconds_left(np.array([0.0, 0.0])) == pytest.approx(1.0)
    assert figures.steps_per_second == 0.0
    assert RunReport().steps_per_second == 0.0
