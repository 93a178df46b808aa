"""A preview of a camera in a room, and its path from above."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.schedule.flight import paths
from pipeline.schedule.loader import load_schedule, read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from pipeline.views.plot.plot import plot_schedule
from pipeline.views.preview import draw_card, motion
from pipeline.views.room import stand_in

WIDTH, HEIGHT = 96, 56
OUTPUT = f"output: {{size: [{WIDTH}, {HEIGHT}], fps: 12, length: 2s}}\nprompts: red\n"


def schedule(text: str) -> Schedule:
    return read_schedule(OUTPUT + text, "a.yaml", "a")


def frames(found: Schedule) -> list[np.ndarray]:
    return [pixels.astype(int) for pixels, _ in motion(Timeline(found), draw_card(WIDTH, HEIGHT))]


def test_the_ground_moves_and_the_sky_does_not_as_the_camera_drives() -> None:
    found = frames(schedule("camera: {dolly: 1/s}\ndepth: {from: ground, horizon: 0.5}\n"))
    changed = np.abs(found[12] - found[0]).max(axis=(1, 2))
    assert changed[: HEIGHT // 2 - 1].max() <= 1
    assert np.median(changed[HEIGHT // 2 + 3 :]) > 50


def test_a_camera_that_comes_to_rest_keeps_what_it_sees() -> None:
    found = frames(schedule("camera: {dolly: {0s: 1, 1s: {to: 0, ease: hold}}}\ndepth: ground\n"))
    assert np.abs(found[20] - found[12]).max() == 0
    assert np.abs(found[20] - found[0]).max() > 20


def test_a_picture_of_depth_shows_the_picture(tmp_path: Path) -> None:
    near = np.zeros((HEIGHT, WIDTH), np.uint8)
    near[15:40, 30:60] = 255
    Image.fromarray(near).save(tmp_path / "depth.png")
    text = "camera: {path: {truck: {0s: 0, 1s: 0.2, 2s: 0}}}\ndepth: {from: depth.png, far: 8}\n"
    (tmp_path / "a.yaml").write_text(OUTPUT + text)
    found = frames(load_schedule(tmp_path / "a.yaml"))
    assert np.abs(found[0] - found[0].mean()).max() > 20
    far, close = (np.abs(found[12][rows] - found[0][rows]).mean() for rows in (slice(0, 12), slice(18, 38)))
    assert close > far > 1


def test_a_ground_stands_in_for_what_a_model_will_estimate(tmp_path: Path) -> None:
    camera = "camera: {dolly: 1/s, pedestal: -1.5}\n"
    asked = schedule(f"{camera}depth: {{from: midas-small, near: 4}}\nmotion: {{zoom: 0.8/s}}\n")
    found = frames(asked)
    changed = np.abs(found[12] - found[0]).max(axis=(1, 2))
    assert np.median(changed[HEIGHT // 2 + 3 :]) > 50
    assert stand_in(asked) == "a ground stands in for the depth that midas-small will estimate in the frames"
    assert stand_in(schedule("camera: {dolly: 1/s}\ndepth: ground\n")) == ""


def test_the_path_is_drawn_from_above(tmp_path: Path) -> None:
    shots = "shots:\n- {length: 1s}\n- {length: 1s, camera: {path: {truck: t, pedestal: 0.5*t}}}\n"
    found = read_schedule(f"prompts: red\noutput: {{fps: 12}}\ncamera: {{dolly: 2/s, pan: 90}}\n{shots}", "a.yaml", "a")
    first, second = paths(found)
    assert first[0] == pytest.approx([0, 0, 0, 0])
    radius = 2 / np.radians(90)  # a circle, of which this is 11 / 12 of a quarter
    turn = np.radians(90 * 11 / 12)
    assert first[11] == pytest.approx([radius * (1 - np.cos(turn)), 0, radius * np.sin(turn), 82.5])
    assert second[6] == pytest.approx([0.5, 0.25, 0, 0])
    plot_schedule(found, tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as image:
        assert image.size[1] > 400


def test_without_a_camera_there_is_no_path() -> None:
    assert paths(schedule("motion: {zoom: 1.1}\n")) == []
