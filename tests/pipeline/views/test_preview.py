"""The motion preview: endless motion without models."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from pipeline.schedule.loader import read_schedule
from pipeline.schedule.schedule import Schedule
from pipeline.schedule.timeline import Timeline
from pipeline.video import ffmpeg, formats
from pipeline.views.endless import EndlessPicture
from pipeline.views.moment import frame_at, write_moment
from pipeline.views.preview import draw_card, motion, write_preview
from render.errors import EncodingError, InputError
from render.motion.displacements.homography import motion_matrix
from render.motion.transforms import Matrix
from render.spec import BORDERS

WIDTH, HEIGHT = 64, 40
RECIPE = formats.find("h264").recipe()


def schedule(motion: str, length: str = "2s") -> Schedule:
    text = f"output: {{size: [{WIDTH}, {HEIGHT}], fps: 10, length: {length}}}\nprompts: {{0s: a sea, 1s: a sky}}\n"
    return read_schedule(text + f"motion: {motion}\n", "test.yaml", "test")


def about_the_middle(matrix: Matrix) -> Matrix:
    to_middle = np.eye(3)
    to_middle[:2, 2] = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    result: Matrix = to_middle @ matrix @ np.linalg.inv(to_middle)
    return result


def moved_by(pixels: int) -> Matrix:
    matrix = np.eye(3)
    matrix[0, 2] = pixels
    return matrix


@pytest.fixture
def card() -> torch.Tensor:
    return draw_card(WIDTH, HEIGHT)


def seen_through(picture: torch.Tensor, matrix: Matrix) -> np.ndarray:
    return as_bytes(EndlessPicture(picture).seen_through(matrix))


def as_bytes(picture: torch.Tensor) -> np.ndarray:
    return (picture[0].movedim(0, -1) * 255).round().byte().numpy()


@pytest.mark.parametrize("octaves", [-12, -1, 0, 1, 5])
def test_every_doubling_shows_the_picture_itself(octaves: int, card: torch.Tensor) -> None:
    scaled = about_the_middle(np.diag([2.0**octaves, 2.0**octaves, 1.0]))
    seen = seen_through(card, scaled)
    assert np.abs(seen.astype(int) - as_bytes(card)).max() <= 1


def test_a_pan_moves_the_picture_and_mirrors_it_at_its_edge(card: torch.Tensor) -> None:
    seen = seen_through(card, moved_by(10))
    original = as_bytes(card)
    assert np.abs(seen[:, :-10].astype(int) - original[:, 10:]).max() <= 1
    assert np.abs(seen[:, -10:].astype(int) - original[:, -2:-12:-1]).max() <= 1
    far = seen_through(card, moved_by(10 + 2 * (WIDTH - 1) * 10**9))
    assert np.abs(far.astype(int) - seen).max() <= 1


def test_without_motion_every_frame_is_the_picture(card: torch.Tensor) -> None:
    frames = [pixels for pixels, _ in motion(Timeline(schedule("{}")), card)]
    assert len(frames) == 20
    assert all(np.array_equal(frame, frames[0]) for frame in frames)
    assert np.abs(frames[0].astype(int) - as_bytes(card)).max() <= 1


def test_a_pan_of_the_schedule_moves_the_picture_by_its_rate(card: torch.Tensor) -> None:
    """25 % of the width per second: after 1.6 s it is 40 % of 64 pixels."""
    frames = [pixels for pixels, _ in motion(Timeline(schedule("{pan_x: 25%/s}")), card)]
    start, later = frames[0].astype(int), frames[16].astype(int)
    shifts = {shift: np.abs(later[:, 30:60] - start[:, 30 - shift : 60 - shift]).mean() for shift in range(20, 31)}
    assert min(shifts, key=lambda shift: shifts[shift]) in (25, 26)


def test_an_endless_zoom_repeats(card: torch.Tensor) -> None:
    frames = [pixels for pixels, _ in motion(Timeline(schedule("{zoom: 2/s}", "11")), card)]
    assert np.abs(frames[10].astype(int) - frames[0]).max() <= 1
    assert np.abs(frames[5].astype(int) - frames[0]).max() > 50


def test_a_tilt_is_shown_in_perspective() -> None:
    """Compared with every pixel mapped by hand, tilted so slightly that other octaves hardly show."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    ramps = torch.tensor(np.stack([x / WIDTH, y / HEIGHT, 0 * x])[None]).float()
    tilted = np.asarray(
        np.linalg.inv(motion_matrix({"tilt_x": 4.0, "pan_x": 0.1}, (WIDTH, HEIGHT), (0.5, 0.5))), dtype=np.float64
    )
    mapped = np.stack([x, y, np.ones_like(x)], -1) @ tilted.T
    off = []
    for places in (mapped[..., :2] / mapped[..., 2:], mapped[..., :2]):
        grid = torch.tensor(places / [WIDTH - 1, HEIGHT - 1] * 2 - 1).float()[None]
        expected = F.grid_sample(ramps, grid, padding_mode="reflection", align_corners=True)
        off.append(np.abs(seen_through(ramps, tilted).astype(int) - as_bytes(expected)).max())
    assert off[0] < 4 < off[1] / 2


def test_a_tilt_beyond_the_horizon_and_a_zoom_beyond_float_range_give_pictures(card: torch.Tensor) -> None:
    for moves in ("{tilt_x: 40, tilt_y: 10}", "{zoom: 9/frame}", "{zoom: 0.11/frame, pan_x: 99%/frame, rotate: 400}"):
        frames = [pixels for pixels, _ in motion(Timeline(schedule(moves, "60s")), card)]
        assert all(frame.std() > 10 for frame in frames), moves


def last(motion_of: str, card: torch.Tensor) -> np.ndarray:
    (*_, (pixels, _)) = motion(Timeline(schedule(motion_of)), card)
    return pixels.astype(int)


def test_a_border_that_a_render_paints_is_mirrored(card: torch.Tensor) -> None:
    painted, mirrored = (last(f"{{zoom: 0.7/s, border: {border}}}", card) for border in ("paint", "reflect"))
    assert np.array_equal(painted, mirrored)


def test_in_a_zoom_out_the_border_shows_only_at_the_edge(card: torch.Tensor) -> None:
    seen = {border: last(f"{{zoom: 0.7/s, border: {border}}}", card) for border in BORDERS}
    rims = {border: np.concatenate([picture[0], picture[:, 0]]) for border, picture in seen.items()}
    for one, other in itertools.combinations(rims.values(), 2):
        assert np.abs(one - other).mean() > 2
    assert rims["black"].mean() < rims["reflect"].mean() / 2
    middles = [picture[16:24, 26:38] for picture in seen.values()]
    assert max(np.abs(middle - middles[0]).max() for middle in middles) <= 1


def test_content_from_outside_fades_into_the_picture(card: torch.Tensor) -> None:
    """By half within half a second: a pan stops after one second."""
    panned = "{pan_x: {0s: 40%/s, 1s: 40%/s, 1.1s: 0%}, border: black}"
    frames = [pixels.astype(int) for pixels, _ in motion(Timeline(schedule(panned, "5s")), card)]
    still = last("{pan_x: {0s: 40%/s, 1s: 40%/s, 1.1s: 0%}}", card)
    assert frames[12][:, :8].mean() < 0.8 * frames[17][:, :8].mean()
    assert np.array_equal(frames[-1][:, 32:], still[:, 32:])
    assert np.abs(frames[-1] - frames[-2]).max() <= 2


def test_a_zoom_in_brings_nothing_in(card: torch.Tensor) -> None:
    black, reflect = (last(f"{{zoom: 1.4/s, border: {border}}}", card) for border in ("black", "reflect"))
    assert np.array_equal(black, reflect)


def test_a_cut_resets_the_picture(card: torch.Tensor) -> None:
    shots = "[{length: 1s, prompts: a}, {length: 1s, prompts: b}, {length: 1s, prompts: c, start: carry}]"
    text = f"output: {{size: [{WIDTH}, {HEIGHT}], fps: 10}}\nmotion: {{rotate: 20}}\nshots: {shots}\n"
    frames = [pixels for pixels, _ in motion(Timeline(read_schedule(text, "test.yaml", "test")), card)]
    assert np.array_equal(frames[10], frames[0])
    assert not np.array_equal(frames[20], frames[0])


def test_the_video_has_every_frame_at_the_schedules_rate(tmp_path: Path) -> None:
    video = tmp_path / "preview.mp4"
    assert write_preview(schedule("{zoom: 1.5/s}"), None, video, ffmpeg.find_binary(None)) == 20
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (WIDTH, HEIGHT, Fraction(10))
        assert sum(1 for _ in container.decode(video=0)) == 20


def test_a_given_picture_fills_the_frame(tmp_path: Path) -> None:
    Image.new("RGB", (300, 100), "red").save(tmp_path / "wide.png")
    video = tmp_path / "preview.mp4"
    write_preview(schedule("{}", "2"), tmp_path / "wide.png", video, ffmpeg.find_binary(None))
    with av.open(str(video)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame[:20, :, 0].min() > 230
    assert frame[:20, :, 1:].max() < 30


def test_an_error_while_frames_are_made_is_reported_and_leaves_no_file(tmp_path: Path) -> None:
    def frames() -> Iterator[bytes]:
        yield bytes(WIDTH * HEIGHT * 3)
        raise InputError("the picture is gone")

    with pytest.raises(InputError, match="the picture is gone"):
        ffmpeg.encode(ffmpeg.find_binary(None), frames(), (WIDTH, HEIGHT), 10, "test", tmp_path / "video.mp4", RECIPE)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_ffmpeg_is_reported(tmp_path: Path) -> None:
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\necho no such luck >&2\nexit 3\n")
    broken.chmod(0o755)
    many = (bytes(WIDTH * HEIGHT * 3) for _ in range(100))
    with pytest.raises(EncodingError, match="failed with code 3: no such luck"):
        ffmpeg.encode(str(broken), many, (WIDTH, HEIGHT), 10, "test", tmp_path / "video.mp4", RECIPE)


def test_no_model_is_loaded(tmp_path: Path) -> None:
    probe = (
        "import json, sys; from pathlib import Path; from pipeline.schedule.loader import load_schedule;"
        "from pipeline.views.preview import write_preview; import pipeline.video.ffmpeg as ffmpeg;"
        "write_preview(load_schedule(Path(sys.argv[1])), None, Path(sys.argv[2]), ffmpeg.find_binary(None));"
        "print(json.dumps([name for name in ('open_clip', 'taming') if name in sys.modules]))"
    )
    file = tmp_path / "a.yaml"
    file.write_text("prompts: a sea\noutput: {length: 2, size: [32, 32]}\n")
    command = [sys.executable, "-c", probe, str(file), str(tmp_path / "a.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    assert json.loads(done.stdout) == []


TOY = "models: {latent: pixels, perceptors: [toy]}\nrefine: {first_frame: 8}\noutput: {size: [32, 24], length: 2s}\n"


@pytest.mark.parametrize(("written", "width"), [("1s", 96), ("0", 96), ("end", 96), ("50%", 96)])
def test_a_moment_is_shown_with_its_neighbours(written: str, width: int, tmp_path: Path) -> None:
    toy = read_schedule(f"{TOY}prompts: {{0s: red, end: blue}}\n", "toy.yaml", "toy")
    write_moment(toy, written, tmp_path / "at.png", "cpu", offline=True)
    with Image.open(tmp_path / "at.png") as picture:
        assert picture.size == (width, 24)
        red, _, blue = np.asarray(picture).mean(axis=(0, 1))
    assert (red > blue) == (written in ("0",)) or written in ("1s", "50%")


@pytest.mark.parametrize(("written", "frame"), [("@drop", 8), ("3 beats", 13), ("@drop+1 beat", 12), ("end-0.5s", 20)])
def test_a_moment_may_be_a_beat_or_a_marker(written: str, frame: int) -> None:
    text = f"{TOY}prompts: red\nmusic: {{bpm: 180, offset: 0.1s}}\nmarkers: {{drop: 0.65s}}\n"
    toy = read_schedule(text.replace("length: 2s", "length: 2.2s"), "toy.yaml", "toy")
    assert frame_at(toy, written) == frame


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("3s", "--at 3s: is after the end, at 2s"),
        ("soon", "--at soon: expected a time such as"),
        ("4 beats", r"--at 4 beats: beats and bars need music"),
    ],
)
def test_an_invalid_time_is_reported(written: str, message: str, tmp_path: Path) -> None:
    toy = read_schedule(f"{TOY}prompts: red\n", "toy.yaml", "toy")
    with pytest.raises(InputError, match=message):
        write_moment(toy, written, tmp_path / "at.png", "cpu", offline=True)
