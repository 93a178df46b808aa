"""The main use case in small: the embedded models through the installed command, from schedule to video."""

import hashlib
import json
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from render.models.registry import find_latent, find_perceptor
from tests.waiting import PATIENCE

FRAMES = 4
SIZE = (128, 72)
SCHEDULE = f"""# a small sea
output: {{size: [128, 72], fps: 8, length: {FRAMES}, seed: 7}}
title: A small sea — noon
prompts: {{0: a calm blue sea at noon, 3: a golden sunset over the sea}}
motion: {{zoom: 1.2/s}}
refine: {{steps: 3, first_frame: 16, cutouts: 8}}
"""
LAZY = SCHEDULE.replace("steps: 3, first_frame: 16", "steps: 0, first_frame: 1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, command: str) -> Path:
    """The folder of sea.yaml; beside it is lazy.yaml, the same with hardly any steps."""
    place = tmp_path_factory.mktemp("main")
    (place / "sea.yaml").write_text(SCHEDULE, encoding="utf-8")
    (place / "lazy.yaml").write_text(LAZY, encoding="utf-8")
    render(command, place, "sea.yaml", "lazy.yaml", "--out", "out")
    return place / "out" / "sea"


def render(command: str, place: Path, *arguments: str) -> str:
    done = subprocess.run(
        [command, *arguments],
        cwd=place,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def report_of(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report


def frame_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "frames").iterdir())}


def test_a_run_writes_exactly_the_documented_files(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        *(".lock", "contact.png", "frames", "poster.png", "report.json", "run.json", "schedule.yaml", "state"),
        "video.mp4",
    ]
    assert list(frame_bytes(folder)) == [f"{index:06d}.png" for index in range(FRAMES)]
    assert sorted(path.name for path in (folder / "state").iterdir()) == ["000002.safetensors", "000003.safetensors"]


def test_the_schedule_is_stored_byte_for_byte(folder: Path) -> None:
    assert (folder / "schedule.yaml").read_bytes() == SCHEDULE.encode()


def test_video_has_every_frame_at_its_size_and_title(folder: Path) -> None:
    with av.open(str(folder / "video.mp4")) as container:
        frames = [(frame.width, frame.height) for frame in container.decode(video=0)]
        assert container.metadata["title"] == "A small sea — noon"
    assert frames == [SIZE] * FRAMES


def test_pictures_show_something(folder: Path) -> None:
    """The pictures are neither black nor flat, and no frame equals the one before it."""
    pictures = []
    for name in frame_bytes(folder):
        with Image.open(folder / "frames" / name) as image:
            pictures.append(np.asarray(image).astype(float))
    assert all(picture.shape == (SIZE[1], SIZE[0], 3) for picture in pictures)
    assert all(20 < picture.mean() < 235 and picture.std() > 10 for picture in pictures)
    steps = [abs(after - before).mean() for before, after in pairwise(pictures)]
    assert all(0.1 < step < 60 for step in steps)


def test_contact_sheet_and_poster_show_these_frames(folder: Path) -> None:
    similarity = report_of(folder)["similarity"]
    best = similarity.index(max(similarity))
    with Image.open(folder / "poster.png") as poster, Image.open(folder / "frames" / f"{best:06d}.png") as frame:
        assert np.array_equal(np.asarray(poster), np.asarray(frame))
    with Image.open(folder / "contact.png") as sheet:
        assert sheet.width > FRAMES * 256


def test_report_has_every_documented_key(folder: Path) -> None:
    report = report_of(folder)
    assert (report["title"], report["frames"], report["frames_in_schedule"]) == ("A small sea — noon", FRAMES, FRAMES)
    assert (report["size"], report["fps"]) == (list(SIZE), 8)
    assert report["seconds_per_frame"] > 0
    assert report["steps_per_second"] > 0
    assert f" by torch {report['versions']['torch']}" in report["device"]
    assert len(report["similarity"]) == FRAMES
    assert all(-1 <= value <= 1 for value in report["similarity"])
    assert None not in report["versions"].values()
    with Image.open(folder / "frames" / f"{FRAMES - 1:06d}.png") as last:
        assert report["last_frame_hash"] == last.info["frame_hash"]


def test_report_has_the_sha256_of_every_model_file(folder: Path) -> None:
    models = report_of(folder)["models"]
    digests = models["latent"]["sha256"] | models["perceptors"][0]["sha256"]
    shipped = (find_latent("embedded"), find_perceptor("embedded"))
    files = [path for model in shipped for path in (model.architecture, model.checkpoint)]
    assert len(digests) == len(files) == 4
    assert digests == {Path(path).name: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in files if path}


def test_similarity_rises_with_steps(folder: Path) -> None:
    few, many = report_of(folder.with_name("lazy"))["similarity"], report_of(folder)["similarity"]
    assert many[0] > few[0] + 0.05
    assert np.mean(many) > np.mean(few) + 0.05


def test_a_second_run_gives_identical_frame_files(folder: Path, command: str) -> None:
    place = folder.parents[1]
    render(command, place, "sea.yaml", "--out", "again")
    assert frame_bytes(place / "again" / "sea") == frame_bytes(folder)
