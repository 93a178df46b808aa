"""Depth: its forms, the rooms of shots, what moves in them, and messages."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.schedule.loader import load_schedule, read_schedule
from pipeline.schedule.timeline import Timeline
from pipeline.video import ffmpeg, formats
from render.errors import DownloadError, ScheduleError
from render.spec.camera import FlatMove, RoomMove
from tests.waiting import PATIENCE

OUTPUT = "output: {size: [128, 72], fps: 12, length: 2s}\n"
DRIVE = "prompts: red\ncamera: {dolly: 0.4/s}\n"


def room(asked: Timeline, index: int) -> RoomMove:
    move = asked.at(index).camera
    assert isinstance(move, RoomMove)
    return move


def place(pose: tuple[float, ...]) -> list[float]:
    matrix = np.reshape(pose, (3, 4))
    found: list[float] = (-matrix[:, :3].T @ matrix[:, 3]).round(9).tolist()
    return found


def timeline(text: str) -> Timeline:
    return Timeline(read_schedule(text, "a.yaml", "a"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray((np.linspace(0, 65535, 32 * 18).reshape(18, 32)).astype(np.uint16)).save(tmp_path / "depth.png")
    Image.new("L", (32, 32)).save(tmp_path / "square.png")
    near = np.linspace(0, 1, 32 * 18).reshape(18, 32)
    colours = np.stack([near, np.sin(np.pi * near), 1 - near], axis=-1)
    Image.fromarray((255 * colours).astype(np.uint8)).save(tmp_path / "colours.png")
    tinted = (255 * near[..., None] * [1, 0.98, 0.96]).astype(np.uint8)
    Image.fromarray(tinted).save(tmp_path / "photo.jpg", quality=40)
    (tmp_path / "text.png").write_text("no picture")
    return tmp_path


def in_folder(folder: Path, text: str) -> Timeline:
    (folder / "a.yaml").write_text(text)
    return Timeline(load_schedule(folder / "a.yaml"))


def test_ground_has_a_view_before_and_after_every_frame() -> None:
    asked = timeline(f"{OUTPUT}{DRIVE}depth: {{from: ground, horizon: 55%}}\n")
    assert asked.at(0).camera is None
    assert [place(room(asked, 7).before.pose), place(room(asked, 7).after.pose)] == [[0, 0, 0.2], [0, 0, 0.233333333]]
    assert (room(asked, 7).depth.kind, room(asked, 7).depth.horizon) == ("ground", 0.55)
    assert all(room(asked, index).before == room(asked, index - 1).after for index in range(2, 24))


def test_a_word_is_enough_and_flat_is_no_depth() -> None:
    assert room(timeline(f"{OUTPUT}{DRIVE}depth: ground\n"), 3).depth.kind == "ground"
    assert isinstance(timeline(f"{OUTPUT}{DRIVE}depth: flat\n").at(3).camera, FlatMove)


def test_the_path_is_the_same_at_another_frame_rate() -> None:
    camera = "prompts: red\ncamera: {dolly: 0.4/s, pan: 20*sin(t), pedestal: 0.1*t, roll: 3}\ndepth: ground\n"
    slow, fast = (
        timeline(f"{OUTPUT}{camera}"),
        timeline(f"{OUTPUT.replace('12', '24', 2).replace('[248', '[128')}{camera}"),
    )
    np.testing.assert_allclose(room(slow, 23).after.pose, room(fast, 46).after.pose, atol=1e-8)


def test_a_camera_that_rests_does_not_move_the_picture() -> None:
    asked = timeline(
        f"{OUTPUT}prompts: red\ncamera: {{dolly: {{0s: 0.4, 1s: {{to: 0, ease: hold}}}}}}\ndepth: ground\n"
    )
    assert asked.at(12).camera is not None
    assert asked.at(13).camera is None


def test_motion_moves_the_room() -> None:
    asked = timeline(f"{OUTPUT}{DRIVE}depth: ground\nmotion: {{rotate: 90/s}}\n")
    assert room(asked, 1).motion == ()
    turn = np.reshape(room(asked, 13).motion, (3, 3))
    np.testing.assert_allclose(turn @ [1, 0.5, 1], [0.5, 0.5 - 128 / 72 / 2, 1], atol=1e-9)  # the right side is on top


def test_rooms_begin_at_cuts_and_where_a_shot_has_another_depth() -> None:
    shots = (
        "shots:\n- {length: 1s}\n- {length: 1s}\n- {length: 1s, start: carry}\n"
        "- {length: 1s, start: carry, depth: flat}\n"
        "- {length: 1s, start: carry, depth: {from: ground, horizon: 0.6}}\n"
    )
    asked = timeline(f"output: {{size: [128, 72], fps: 12}}\n{DRIVE}depth: ground\n{shots}")
    ahead = [place(room(asked, index).before.pose)[2] for index in (1, 13, 25, 49)]
    assert ahead == pytest.approx([0, 0, 0.4, 0.4 / 12], abs=1e-9)
    assert isinstance(asked.at(40).camera, FlatMove)
    assert place(room(asked, 48).before.pose) == [0, 0, 0]


def test_a_picture_is_seen_by_the_camera_at_the_beginning(folder: Path) -> None:
    text = (
        f"{OUTPUT}prompts: red\ncamera: {{dolly: 0.4/s, fov: {{0s: 40, 2s: 60}}}}\ndepth: {{from: depth.png, far: 5}}\n"
    )
    depth = room(in_folder(folder, text), 12).depth
    assert (depth.kind, depth.near, depth.far, depth.fov, depth.seconds) == ("picture", 1, 5, 40, None)
    assert depth.file is not None
    assert depth.file.path.name == "depth.png"


def test_a_video_shows_the_frame_before(folder: Path) -> None:
    frames = (bytes([level]) * (64 * 36 * 3) for level in range(0, 240, 10))
    ffmpeg.encode("ffmpeg", frames, (64, 36), 12, "", folder / "depth.mp4", formats.find(formats.DEFAULT).recipe())
    asked = in_folder(folder, f"{OUTPUT}{DRIVE}depth: depth.mp4\n")
    assert [room(asked, index).depth.seconds for index in (1, 13)] == [0, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("depth: grond", "4:8: depth: unknown depth 'grond'; did you mean 'ground'"),
        (
            "depth: {from: midas}",
            "4:15: depth.from: unknown depth 'midas'; did you mean 'midas-small'?",
        ),
        (
            "depth: {horizon: 2, from: ground}",
            "4:18: depth.horizon: expected a share such as 0.5 or 50%, from 2% to 98%",
        ),
        ("depth: {from: depth.png, near: 3, far: 2}", "4:40: depth.far: far must be farther than near (3), got 2"),
        ("depth: {from: depth.png, near: 11}", "4:32: depth.near: far must be farther than near (11), got 10"),
        (
            "depth:",
            "4:7: depth: expected flat, ground, a model's name, or the path of a picture or video of depth, got no",
        ),
        (
            "depth: [ground]",
            "4:8: depth: expected flat, ground, a model's name, or the path of a picture or video of depth, got a list",
        ),
        ("depth: colours.png", "4:8: depth: expected grey, where white is near; this picture is in colour"),
        ("depth: {from: square.png}", "4:15: depth.from: expected the shape of the frames, 128×72, got 32×32"),
        ("depth: text.png", "4:8: depth: "),
        ("depth: none.png", "4:8: depth: 'none.png': no such file"),
        ("depth: ../depth.png", "4:8: depth: "),
        ("depth: {from: depth.png, near: 0.5}", "3:9: camera: it flies through the picture, where the nearest is 0.5"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(folder: Path, text: str, message: str) -> None:
    with pytest.raises(ScheduleError) as error:
        in_folder(folder, f"{OUTPUT}{DRIVE}{text}\n")
    assert message in str(error.value)


def test_a_camera_that_flies_through_the_floor_is_an_error_in_its_shot() -> None:
    shots = "shots:\n- {length: 1s}\n- {length: 1s, camera: {path: {pedestal: -2*t}}}\n"
    with pytest.raises(ScheduleError) as error:
        timeline(f"output: {{size: [128, 72], fps: 12}}\n{DRIVE}depth: ground\n{shots}")
    message = "it flies through the floor, which is 1 below where it began, from frame 17 to frame 18 (1.5 s)"
    assert f"7:24: shots[1].camera: {message}" in str(error.value)


def test_a_room_that_motion_has_shrunk_to_nothing_is_left() -> None:
    asked = timeline(f"{OUTPUT}{DRIVE}depth: ground\nmotion: {{zoom: 0.001/s}}\n")
    assert [index for index in range(1, 24) if asked.at(index).camera is None] == list(range(14, 24))
    shots = "shots:\n- {length: 2s, depth: flat}\n- {length: 1s, start: carry, depth: ground}\n"
    text = f"output: {{size: [128, 72], fps: 12}}\n{DRIVE}motion: {{zoom: 0.000001/s, center: [0.3, 0.4]}}\n{shots}"
    assert all(timeline(text).at(index) for index in range(36))


def test_a_low_horizon_shows_more_above_that_a_turn_can_bring_from_behind() -> None:
    turning = f"{OUTPUT}prompts: red\ncamera: {{tilt: -780/s, fov: 50}}\n"
    timeline(f"{turning}depth: {{from: ground, horizon: 0.9}}\n")
    with pytest.raises(ScheduleError, match="the picture shows what was behind it"):
        timeline(f"{turning}depth: {{from: ground, horizon: 0.1}}\n")


MODEL = "depth: {from: midas-small, every: 3, near: 2, far: 8, smooth: 20%}\n"


def estimates(asked: Timeline, frames: range) -> list[str | None]:
    moves = [asked.at(index).camera for index in frames]
    return [move.estimate if isinstance(move, RoomMove) else "rests" for move in moves]


def test_a_model_estimates_the_first_frame_that_moves_and_then_every_few() -> None:
    asked = timeline(f"{OUTPUT}{DRIVE}{MODEL}")
    assert estimates(asked, range(9)) == ["rests", "first", None, None, "again", None, None, "again", None]
    depth = room(asked, 5).depth
    assert (depth.kind, depth.model, depth.every, depth.near, depth.smooth) == ("model", "midas-small", 3, 2, 0.2)
    word = room(timeline(f"{OUTPUT}{DRIVE}depth: depth-anything-v2-small\n"), 3).depth
    assert (word.model, word.every, word.near, word.far, word.smooth) == ("depth-anything-v2-small", 4, 1, 10, 0.5)


def test_a_model_estimates_again_after_a_rest_and_for_the_first_time_in_a_new_room() -> None:
    resting = "{0s: 0, 0.25s: {to: 0.4, ease: hold}, 0.5s: {to: 0, ease: hold}, 0.75s: {to: 0.4, ease: hold}}"
    asked = timeline(f"{OUTPUT}prompts: red\ncamera: {{dolly: {resting}}}\n{MODEL}")
    assert estimates(asked, range(2, 12)) == [
        *("rests", "rests", "first", None, None),
        *("rests", "rests", "rests", "again", None),
    ]
    carried = (
        "{length: 4}",
        "{length: 3, start: carry}",
        "{length: 3, start: carry, depth: midas-small}",
        "{length: 3}",
    )
    shots = "shots:\n" + "".join(f"- {shot}\n" for shot in carried)
    joined = timeline(f"output: {{size: [128, 72], fps: 12}}\n{DRIVE}{MODEL}{shots}")
    assert estimates(joined, range(1, 12)) == [
        *("first", None, None, "again", None, None),  # with the same depth, a shot carries on
        *("first", None, None, "rests", "first"),
    ]


def test_only_models_that_are_used_are_loaded_and_in_the_spec() -> None:
    found = read_schedule(f"{OUTPUT}{DRIVE}{MODEL}", "a.yaml", "a")
    assert [model.name for model in found.models.depths] == ["midas-small"]
    assert not read_schedule(f"{OUTPUT}prompts: red\n{MODEL}", "a.yaml", "a").models.depths
    assert not read_schedule(f"{OUTPUT}{DRIVE}depth: ground\n", "a.yaml", "a").models.depths
    camera = json.loads(timeline(f"{OUTPUT}{DRIVE}depth: ground\n").at(3).to_json())["camera"]
    assert set(camera) == {"after", "before", "depth", "motion"}
    assert set(camera["depth"]) == {"far", "file", "fov", "horizon", "kind", "near", "seconds"}


def test_a_model_sees_anew_what_is_ahead_so_a_camera_drives_on_forever() -> None:
    timeline(f"{OUTPUT}prompts: red\ncamera: {{dolly: 20/s, pedestal: -3/s}}\n{MODEL}")
    with pytest.raises(
        ScheduleError, match=r"it drives 2\.5 ahead in one frame, through what is nearest, which is 2 away"
    ):
        timeline(f"{OUTPUT}prompts: red\ncamera: {{dolly: 30/s}}\n{MODEL}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{from: random:midas}", "unknown depth model 'random:midas'"),
        ("{from: midas-small, every: 0}", "depth.every: expected a whole number from 1"),
        ("{from: midas-small, smooth: 2}", "depth.smooth: expected a share such as 0.5 or 50%, from 0% to 100%"),
        ("{from: midas-small, near: 3, far: 3}", "depth.far: far must be farther than near (3), got 3"),
    ],
)
def test_what_is_wrong_with_a_model_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ScheduleError) as error:
        timeline(f"{OUTPUT}{DRIVE}depth: {text}\n")
    assert message in str(error.value)
    assert "a.yaml:4:" in str(error.value)


def test_a_model_that_is_missing_offline_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path))
    found = read_schedule(f"{OUTPUT}{DRIVE}{MODEL}", "a.yaml", "a")
    with pytest.raises(DownloadError, match=r"midas-small\.pt is not in the cache, and offline mode forbids"):
        found.models.locate(offline=True, progress=lambda *_: None)


def test_settings_that_do_nothing_are_warnings() -> None:
    found = read_schedule(f"{OUTPUT}{DRIVE}depth: {{from: ground, near: 2}}\n", "a.yaml", "a").warnings
    assert "depth.near: has no effect: depth is ground" in str(found[0])
    (unused,) = read_schedule(f"{OUTPUT}{DRIVE}depth: {{from: ground, every: 2}}\n", "a.yaml", "a").warnings
    assert "depth.every: has no effect: depth is ground" in str(unused)
    (told,) = read_schedule(f"{OUTPUT}prompts: red\ndepth: ground\n", "a.yaml", "a").warnings
    assert "3:8: depth: has no effect: the camera does not move" in str(told)
    assert not read_schedule(f"{OUTPUT}{DRIVE}depth: ground\n", "a.yaml", "a").warnings


def test_a_loop_whose_camera_ends_elsewhere_is_a_warning() -> None:
    def said(camera: str, motion: str = "{}") -> str:
        text = f"{OUTPUT}prompts: red\nloop: {{blend: 0.5s}}\ncamera: {camera}\ndepth: ground\nmotion: {motion}\n"
        return " ".join(str(problem) for problem in read_schedule(text, "a.yaml", "a").warnings)

    assert "the camera ends 0.2 higher or lower and turned by 0 degrees" in said("{pedestal: 0.1/s}")
    assert "turned by 6 degrees" in said("{tilt: 3/s}")
    assert said("{dolly: 1/s, pan: 90/s}") == ""
    assert said("{dolly: 1/s, roll: 3*cos(tau*t/2)}") == ""
    assert "motion.zoom ends away from where it began" in said("{dolly: 1/s}", "{zoom: 1.1/s}")
    assert said("{dolly: 1/s}", "{rotate: 180/s, pan_x: 0.03*sin(pi*t)}") == ""


def test_a_loop_in_a_room_is_checked_without_torch(folder: Path, command: str) -> None:
    text = f"{OUTPUT}{DRIVE}motion: {{zoom: 1.1/s}}\nloop: {{blend: 0.5s}}\ndepth: ground\n"
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    (folder / "torch.py").write_text("raise SystemExit('torch is imported')\n", encoding="utf-8")
    asked = ["env", f"PYTHONPATH={folder}:{Path.cwd()}", command, "check", str(folder / "a.yaml")]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr


def test_grey_that_was_saved_in_colour_is_depth(folder: Path) -> None:
    assert room(in_folder(folder, f"{OUTPUT}{DRIVE}depth: photo.jpg\n"), 3).depth.kind == "picture"


def test_the_pictures_of_a_source_follow_all_of_the_camera_s_motion_since_the_cut(folder: Path) -> None:
    text = f"{OUTPUT}{DRIVE}motion: {{rotate: 10/s}}\ndepth: ground\nsource: {{image: depth.png}}\n"
    asked = in_folder(folder, text)
    first, last = asked.at(0).source, asked.at(9).source
    assert first is not None
    assert last is not None
    assert first.image.camera is None
    assert last.image.camera is not None
    assert place(last.image.camera.before.pose) == [0, 0, 0]
    assert last.image.camera.after == room(asked, 9).after
    np.testing.assert_allclose(last.image.camera.motion, last.image.motion, atol=1e-8)


@pytest.mark.parametrize(
    ("shots", "place"),
    [
        ("- {length: 1s}\n- {length: 1s, start: carry, depth: flat}", "8:37"),
        ("- {length: 1s, depth: flat, source: none}\n- {length: 1s, start: carry, depth: ground}", "8:37"),
        ("- {length: 1s}\n- {length: 1s, depth: flat}", ""),
        ("- {length: 1s}\n- {length: 1s, start: carry, camera: {truck: 1}}", ""),
    ],
)
def test_a_source_follows_the_camera_through_one_depth_until_the_next_cut(folder: Path, shots: str, place: str) -> None:
    text = (
        f"output: {{size: [128, 72], fps: 12}}\n{DRIVE}source: {{image: depth.png}}\ndepth: ground\nshots:\n{shots}\n"
    )
    if not place:
        in_folder(folder, text)
        return
    with pytest.raises(ScheduleError) as error:
        in_folder(folder, text)
    assert f"{place}: " in str(error.value)
    assert "follow a camera through one depth only" in str(error.value)
