"""Files for two eyes: delivered beside the plain one, current until the depth changes, and every mistake located."""

import io
import json
import zipfile
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from pipeline.run.delivery.derive import assemble_again
from pipeline.run.delivery.estimated_rooms import EstimatedRooms
from pipeline.run.delivery.recipes import recipe
from pipeline.run.folder.folder import RunFolder
from pipeline.run.folder.frames import FrameFolder, FrameRecord
from pipeline.run.folder.video_plan import VideoPlan
from pipeline.run.run import Run, RunOptions
from pipeline.schedule.loader import read_schedule
from pipeline.schedule.origin import Origin
from pipeline.schedule.origin_loader import load_origin
from pipeline.schedule.sections.output_video import Video
from pipeline.video import ffmpeg
from render.errors import ScheduleError
from render.renderer.renderer import Renderer
from tests.runs import completes

SCHEDULE = """
output:
  size: [48, 32]
  fps: 8
  length: 4
  video: [h264, {stereo: side_by_side}, {stereo: anaglyph, eyes: 10%}, {format: png, stereo: side_by_side, screen: 2}]
models: {latent: pixels, perceptors: [toy]}
prompts: red
camera: {dolly: 0.5/s}
depth: {from: depth.png, near: 1.5, far: 9}
refine: {steps: 1, first_frame: 2, cutouts: 2}
"""
FILES = ["video.mp4", "video-side_by_side-h264.mp4", "video-anaglyph-h264.mp4", "video-side_by_side-png.zip"]


def finished(path: Path, renderer: Renderer) -> RunFolder:
    origin = Origin(file=str(path))
    folder = RunFolder(path.with_suffix(""))
    assert completes(Run(load_origin(origin), origin, folder, RunOptions()), lambda warn: renderer)
    return folder


@pytest.fixture
def schedule(tmp_path: Path) -> Path:
    Image.fromarray(np.tile(np.linspace(0, 255, 48, dtype=np.uint8), (32, 1))).save(tmp_path / "depth.png")
    path = tmp_path / "a.yaml"
    path.write_text(SCHEDULE, encoding="utf-8")
    return path


def test_files_for_two_eyes_are_made_from_the_same_frames(schedule: Path, renderer: Renderer) -> None:
    folder = finished(schedule, renderer)
    assert [path.name for path in sorted(folder.path.glob("video*"))] == sorted(FILES)
    with zipfile.ZipFile(folder.path / FILES[3]) as made:
        both = np.array(Image.open(io.BytesIO(made.read("video-side_by_side-png/frames/000003.png"))))
    frame = np.array(Image.open(folder.frames.path(3)))
    assert both.shape == (32, 96, 3)
    for eye in (both[:, :48], both[:, 48:]):
        assert np.abs(eye.astype(int) - frame).max() > 0
        assert np.abs(eye.mean((0, 1)) - frame.mean((0, 1))).max() < 6
    before = {path: path.stat().st_mtime_ns for path in folder.path.glob("video*")}
    finished(schedule, renderer)
    assert {path: path.stat().st_mtime_ns for path in folder.path.glob("video*")} == before
    bytes_before = (folder.path / FILES[3]).read_bytes()
    assemble_again(folder, partial=False, program=None)
    assert (folder.path / FILES[3]).read_bytes() == bytes_before


def test_without_a_camera_another_depth_makes_the_files_again_and_no_frame(schedule: Path, renderer: Renderer) -> None:
    still = SCHEDULE.replace("camera: {dolly: 0.5/s}\n", "")
    schedule.write_text(still, encoding="utf-8")
    folder = finished(schedule, renderer)
    frames, zipped = folder.frames.path(2).stat().st_mtime_ns, (folder.path / FILES[3]).read_bytes()
    schedule.write_text(still.replace("near: 1.5", "near: 0.8"), encoding="utf-8")
    finished(schedule, renderer)
    assert folder.frames.path(2).stat().st_mtime_ns == frames
    assert (folder.path / FILES[3]).read_bytes() != zipped


def test_a_model_sees_every_frame_where_no_camera_moves(tmp_path: Path, renderer: Renderer) -> None:
    text = SCHEDULE.replace("camera: {dolly: 0.5/s}\n", "").replace("from: depth.png", "from: 'random:midas-small'")
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    folder = finished(path, renderer)
    before = (folder.path / FILES[3]).read_bytes()
    assemble_again(folder, partial=False, program=None)
    assert (folder.path / FILES[3]).read_bytes() == before
    rooms, plan = EstimatedRooms(folder.video_plan(), folder.frames), folder.video_plan()
    found = [rooms.nearness(number, (32, 48)) for number in (3, 0, 3)]
    assert (found[0] == found[2]).all()  # whatever was asked for in between
    assert all(1 / (2 * 9) <= float(each.min()) < float(each.max()) <= 2 / 1.5 for each in found)
    assert {seen.first for _, seen in plan.seen} == {0}


def test_the_plan_is_stored_and_read_back(schedule: Path) -> None:
    plan = VideoPlan.of(load_origin(Origin(file=str(schedule))))
    assert len(plan.seen) == 4
    again = VideoPlan.read(json.loads(json.dumps(plan.to_record())))
    assert again.seen == plan.seen
    assert "seen" not in VideoPlan.of(read_schedule("prompts: a\ndepth: ground\n", "a.yaml", "a")).to_record()


WRONG = [
    ("output: {stereo: side_by_side}", "1:18: output.stereo: pictures for two eyes need depth in every shot"),
    ("output: {video: [h264, {stereo: anaglyph}]}", "output.video[1].stereo: pictures for two eyes need depth"),
    ("output: {eyes: 5%}\ndepth: ground", "output.eyes: has no effect without stereo"),
    ("output: {video: {screen: 3}}\ndepth: ground", "output.video.screen: has no effect without stereo"),
    ("output: {stereo: sbs}\ndepth: ground", "output.stereo: unknown layout 'sbs'"),
    (
        "output: {stereo: anaglyph, eyes: 130%}\ndepth: ground",
        "output.eyes: expected a share such as 0.5 or 50%, from 0% to 100%",
    ),
    (
        "output: {video: {place: reel, stereo: side_by_side}}\ndepth: ground",
        "output.video.stereo: reel shows one picture",
    ),
    ("output: {stereo: side_by_side, video: [h264, reel]}\ndepth: ground", "output.video[1]: reel shows one picture"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_mistake_is_reported_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        read_schedule(f"{text}\nprompts: a\n", "a.yaml", "a")
    assert message in str(caught.value)


def test_what_the_section_says_counts_for_every_file() -> None:
    output = "{stereo: anaglyph, eyes: 4%, video: [h264, {stereo: side_by_side, eyes: 8%}, {screen: 2}]}"
    text = f"prompts: a\ndepth: ground\noutput: {output}\n"
    first, second, third = read_schedule(text, "a.yaml", "a").output.video
    assert (first.stereo, first.eyes, first.screen) == ("anaglyph", 0.04, None)
    assert (second.stereo, second.eyes) == ("side_by_side", 0.08)
    assert (third.stereo, third.eyes, third.screen) == ("anaglyph", 0.04, 2)


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_another_size_fits_each_eye_into_its_half(fit: str, any_ffmpeg: str, tmp_path: Path) -> None:
    """Both eyes show a disc in the middle; cropped or padded as one picture they would not."""
    frames = FrameFolder(tmp_path / "disc")
    y, x = np.mgrid[:48, :64]
    eye = np.where(((x - 31.5) ** 2 + (y - 23.5) ** 2 < 12**2)[..., None], 250, 90).astype(np.uint8).repeat(3, axis=2)
    for number in range(3):
        frames.write(number, np.hstack([eye, eye]), FrameRecord(hash="", similarity=None, pixels=""))
    path = tmp_path / "a.mp4"
    video = Video(stereo="side_by_side", size=(96, 64), fit=fit, preset="ultrafast")
    whole = recipe(video, (128, 48))
    ffmpeg.assemble(any_ffmpeg, frames.folder / frames.pattern, 3, 1.0, "t", path, recipe=whole)
    with av.open(path) as file:
        seen = np.stack([picture.to_ndarray(format="rgb24") for picture in file.decode(video=0)])
    assert seen.shape == (3, 64, 96, 3)
    left, right = seen[..., :48, :].astype(int), seen[..., 48:, :].astype(int)
    assert np.abs(left - right).max() < 12
    found = np.argwhere(left[1, ..., 0] > 180)
    assert found.mean(axis=0) == pytest.approx([31.5, 23.5], abs=0.7)
    assert (left[1, 1, 24].max() < 10) == (fit == "pad")


def test_a_room_goes_on_in_a_shot_that_carries_on_with_the_same_depth() -> None:
    shots = [
        "{length: 3, prompts: a, depth: ground}",
        "{length: 3, prompts: b, start: carry, depth: ground}",
        "{length: 3, prompts: c, start: carry, depth: {from: ground, horizon: 0.4}}",
        "{length: 3, prompts: d, depth: {from: ground, horizon: 0.4}}",
    ]
    text = f"output: {{stereo: anaglyph}}\nshots: [{', '.join(shots)}]\n"
    plan = VideoPlan.of(read_schedule(text, "a.yaml", "a"))
    assert [plan.seen_in(number).first for number in range(12)] == [0] * 6 + [6] * 3 + [9] * 3
