"""Motion previews: frames in any order are those of `render preview`."""

import io
import itertools
from pathlib import Path

import httpx2
import numpy as np
import pytest
from PIL import Image

from pipeline.run.folder.frames import Pixels
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.timeline import Timeline
from pipeline.studio.folder.refused import RefusedError
from pipeline.studio.processes.film import QUALITY, Film, Films, fitted
from pipeline.views.pictures import Pictures
from pipeline.views.preview import draw_card, motion
from tests.pipeline.studio.server import TOY

MOVING = """
output: {size: [64, 48], fps: 4, seed: 3}
prompts: red
motion: {zoom: 1.3/s, rotate: 20/s}
shots:
  - {length: 7s}
  - {length: 4s, motion: {pan_x: 20%/s}}
  - {length: 4s, camera: {dolly: 0.5/s}, depth: {from: ground}}
"""


def _pixels(picture: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(picture)))


def _file(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _difference(one: bytes, other: bytes) -> float:
    """The mean difference in steps of brightness."""
    return float(np.abs(_pixels(one).astype(float) - _pixels(other)).mean())


def test_frames_in_any_order_are_those_of_the_preview(tmp_path: Path) -> None:
    schedule = read_schedule(MOVING, str(tmp_path / "a.yaml"), "a")
    timeline = Timeline(schedule)
    expected = [_file(pixels) for pixels, _ in itertools.islice(motion(timeline, draw_card(64, 48), Pictures()), 60)]
    assert Film(schedule, 64).frames(0, 59) == expected
    film = Film(schedule, 64)
    for first, last in ((50, 59), (20, 33), (34, 36), (3, 4), (0, 2), (29, 29), (30, 30)):
        for one, other in zip(film.frames(first, last), expected[first : last + 1], strict=True):
            assert _difference(one, other) < (12 if first == last else 3)  # what entered long ago is not known
    assert min(_difference(expected[20], other) for other in (*expected[:18], *expected[23:])) > 12


def test_small_pictures_have_the_shape_of_the_video() -> None:
    schedule = read_schedule(MOVING.replace("[64, 48]", "[640, 360]"), "a.yaml", "a")
    assert fitted(schedule, 320).output.size == (320, 180)
    assert fitted(schedule, 2000).output.size == (640, 360)
    assert fitted(schedule, 1).output.size == (2, 2)


def test_only_some_films_stay_open(tmp_path: Path) -> None:
    films = Films()
    for number in range(6):
        films.open(str(number), TOY, tmp_path / "a.yaml", 32)
    assert len(films._films) == 4
    assert len(films.frames("0", TOY, tmp_path / "a.yaml", 32, 2, 4)) == 3
    with pytest.raises(RefusedError) as refused:
        films.open("wrong", "motion: {zoom: x}", tmp_path / "a.yaml", 32)
    assert refused.value.problems


def test_frames_come_packed(client: httpx2.Client) -> None:
    opened = client.post("/api/preview", json={"path": "toy.yaml", "text": TOY, "width": 9999}).json()
    assert (opened["frames"], opened["fps"], opened["size"]) == (6, 8.0, [32, 24])
    packed = client.get(f"/api/preview/{opened['id']}/1-4").content
    pictures = []
    while packed:
        length = int.from_bytes(packed[:4], "big")
        pictures.append(packed[4 : 4 + length])
        packed = packed[4 + length :]
    assert [_pixels(picture).shape for picture in pictures] == [(24, 32, 3)] * 4
    for path, status in (("4-6", 400), ("3-2", 400), ("0-99999999999999999999", 400), ("x-1", 404), ("-1-2", 404)):
        assert client.get(f"/api/preview/{opened['id']}/{path}").status_code == status, path
    assert client.get("/api/preview/nothing/0-1").status_code == 404
    assert client.post("/api/preview", json={"path": "toy.yaml", "text": TOY}).json()["id"] != opened["id"]
