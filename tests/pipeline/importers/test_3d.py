"""The 3D modes of other tools: where points of the picture move, compared with the tools' own formulas."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.curves.array import Array
from render.motion.composed import Motions
from render.motion.displacements.homography import motion_matrix
from render.spec import FrameSpec
from render.spec.camera import CameraMove, RoomMove

FRAMES = 14
BASE = {
    **{"max_frames": FRAMES, "fps": 10, "seed": 1, "prompts": {"0": "a sea"}, "animation_mode": "3D"},
    **{"use_depth_warping": False, "fov_schedule": "0: (70)", "translation_z": "0: (0)"},
}


def about(axis: int, degrees: float) -> Array:
    """A rotation about an axis of x, y and z, for columns."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    first, second = ((1, 2), (2, 0), (0, 1))[axis]
    found = np.eye(3)
    found[first, first] = found[second, second] = cos
    found[first, second], found[second, first] = -sin, sin
    return found


def sources(size: tuple[int, int], at: Mapping[str, float], points: Array, z: float = 1.0) -> Array:
    """transform_image_3d_new: where Deforum samples the picture before, in pixels: (n, 2), if all of it is z away.

    pytorch3d multiplies rows of points from the left; its projection divides by z and scales by 1 / tan(fov / 2),
    across divided by the aspect ratio. The grid is of the middles of pixels, the wall reaches
    from edge to edge.
    """
    wide, high = size
    wall = np.stack(
        [2 * points[:, 0] / (wide - 1) - 1, 2 * points[:, 1] / (high - 1) - 1, np.full(len(points), z)], axis=-1
    )
    turn = about(0, at["rx"]) @ about(1, at["ry"]) @ about(2, at["rz"])
    moved = wall @ turn + np.array([-at["tx"], at["ty"], -at["tz"]]) / 200
    gain = 1 / math.tan(math.radians(at["fov"]) / 2)
    scale = np.array([gain / at["aspect"], gain])
    way = scale * (moved[:, :2] / moved[:, 2:] - wall[:, :2] / wall[:, 2:])
    grid = np.stack([(2 * points[:, 0] + 1) / wide - 1, (2 * points[:, 1] + 1) / high - 1], axis=-1)
    found: Array = ((grid - way + 1) * np.array(size) - 1) / 2
    return found


def seen_before(move: CameraMove | None, size: tuple[int, int], points: Array, distance: float) -> Array:
    """Where a true camera saw points that were `distance` ahead of it, in pixels: (n, 2)."""
    assert isinstance(move, RoomMove)
    assert move.before.fov == move.after.fov
    focal = size[0] / 2 / math.tan(math.radians(move.after.fov) / 2)
    middle = (np.array(size) - 1) / 2
    then, now = (np.vstack([np.reshape(view.pose, (3, 4)), [0, 0, 0, 1]]) for view in (move.before, move.after))
    back = then @ np.linalg.inv(now)
    rays = np.c_[(points - middle) / focal, np.ones(len(points))] @ back[:3, :3].T
    things = back[:3, 3] + rays * ((distance - back[2, 3]) / rays[:, 2:])
    found: Array = things[:, :2] / things[:, 2:] * focal + middle
    return found


def points_of(size: tuple[int, int]) -> Array:
    across, down = np.meshgrid(np.linspace(0, size[0] - 1, 7), np.linspace(0, size[1] - 1, 7))
    return np.stack([across.ravel(), down.ravel()], axis=-1)


def ours(spec: FrameSpec, points: Array) -> Array:
    image = torch.zeros(1, 3, spec.size[1], spec.size[0])
    found: Array = Motions()(image, [spec.motion]).at(torch.from_numpy(points)[None, None])[0, 0].numpy()
    return found


Values = Callable[[int], dict[str, float]]
CASES: dict[str, tuple[tuple[int, int], dict[str, Any], Values]] = {
    "an expression, and keys": (
        (512, 288),
        {"translation_z": "0: (1.5), 13: (8)", "rotation_3d_y": "0: (0.3*sin(t/3))", "translation_x": "0: (2)"},
        lambda t: {"tz": 1.5 + t / 2, "ry": 0.3 * math.sin(t / 3), "tx": 2},
    ),
    "all three rotations at once": (
        (512, 512),
        {"rotation_3d_x": "0: (1.8)", "rotation_3d_y": "0: (-1.5)", "rotation_3d_z": "0: (4*cos(t/5))"},
        lambda t: {"rx": 1.8, "ry": -1.5, "rz": 4 * math.cos(t / 5)},
    ),
    "a changing field of view": (
        (256, 448),
        {"fov_schedule": "0: (20), 13: (98)", "translation_z": "0: (3)", "rotation_3d_y": "0: (0.7)"},
        lambda t: {"fov": 20 + 6 * t, "tz": 3, "ry": 0.7},
    ),
    "far ahead and far back": (
        (768, 432),
        {"translation_z": "0: (where(t<7, 40, -50))", "rotation_3d_y": "0: (t/8)", "translation_y": "0: (-6)"},
        lambda t: {"tz": 40 if t < 7 else -50, "ry": t / 8, "ty": -6},
    ),
    "an aspect ratio, and a tilt in one frame": (
        (512, 320),
        {
            **{"aspect_ratio_schedule": "0: (1.6), 13: (0.3)", "rotation_3d_x": "0: (0), 6: (0), 7: (2), 8: (0)"},
            **{"rotation_3d_y": "0: (1)", "fov_schedule": "0: (40 + t)"},
        },
        lambda t: {"aspect": 1.6 - t / 10, "rx": 2 if t == 7 else 0, "ry": 1, "fov": 40 + t},
    ),
    "the old aspect ratio, everything at once": (
        (640, 352),
        {
            **{"aspect_ratio_use_old_formula": True, "translation_x": "0: (10*sin(t))", "translation_y": "0: (t)"},
            **{"translation_z": "0: (-9)", "rotation_3d_x": "0: (-0.6)", "rotation_3d_y": "0: (0), 13: (2.6)"},
            **{"rotation_3d_z": "0: (1)", "fov_schedule": "0: (60)"},
        },
        lambda t: {
            **{
                "aspect": 640 / 352,
                "tx": 10 * math.sin(t),
                "ty": t,
                "tz": -9,
                "rx": -0.6,
                "ry": t / 5,
                "rz": 1,
                "fov": 60,
            }
        },
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_point_of_every_frame_moves_as_in_deforum(plan: Callable[..., Any], case: str) -> None:
    size, settings, values = CASES[case]
    found = plan("flight.txt", json.dumps(BASE | settings | {"W": size[0], "H": size[1]}))
    points = points_of(size)
    off = 0.0
    for frame in range(1, FRAMES):
        at = dict.fromkeys(("tx", "ty", "tz", "rx", "ry", "rz"), 0.0) | {"fov": 70, "aspect": 1} | values(frame)
        wanted = sources(size, at, points)
        assert np.linalg.norm(wanted - points, axis=-1).max() > 1  # something moves
        off = max(off, float(np.linalg.norm(ours(found.specs[frame], points) - wanted, axis=-1).max()))
    assert off < 0.1, f"{off:.3g} pixels"
    assert found.specs[0].camera is None
    assert not any("3D" in note for note in found.notes)


STILL = dict.fromkeys(("tx", "ty", "tz", "rx", "ry", "rz"), 0.0) | {"fov": 55.0, "aspect": 1.0}


@pytest.mark.parametrize(
    ("settings", "at"),
    [
        ({"translation_z": "0: (12)"}, {"tz": 12.0}),
        ({"translation_z": "0: (-7)"}, {"tz": -7.0}),
        ({"translation_x": "0: (8)", "translation_y": "0: (-5)"}, {"tx": 8.0, "ty": -5.0}),
    ],
)
def test_with_depth_what_is_nearest_and_farthest_moves_as_in_deforum(
    plan: Callable[..., Any], settings: dict[str, str], at: dict[str, float]
) -> None:
    more = {"use_depth_warping": True, "fov_schedule": "0: (55)", "W": 448, "H": 256}
    found = plan("flight.txt", json.dumps(BASE | settings | more))
    points = points_of((448, 256))
    move = found.specs[4].camera
    assert isinstance(move, RoomMove)
    for z, distance in ((1.0, move.depth.near), (2.0, move.depth.far)):
        wanted = sources((448, 256), STILL | at, points, z)
        assert np.linalg.norm(seen_before(move, (448, 256), points, distance) - wanted, axis=-1).max() < 0.1
    assert found.notes[0].startswith(
        "use_depth_warping: Deforum estimates depth by Midas-3-Hybrid; here by midas-small"
    )


def test_with_depth_everything_in_its_middle_moves_as_in_deforum(plan: Callable[..., Any]) -> None:
    """With small steps of all kinds, in a picture that is not square, whose roll needs a shear as well."""
    settings = {
        **{"translation_x": "0: (0.4*t)", "translation_y": "0: (0.3)", "rotation_3d_x": "0: (0.1)"},
        **{"rotation_3d_y": "0: (0.1*cos(t))", "rotation_3d_z": "0: (0.2)", "fov_schedule": "0: (50), 13: (63)"},
    }
    found = plan("flight.txt", json.dumps(BASE | settings | {"use_depth_warping": True, "W": 448, "H": 256}))
    points = points_of((448, 256))
    for frame in (1, 9):
        at = {"tx": 0.4 * frame, "ty": 0.3, "rx": 0.1, "ry": 0.1 * math.cos(frame), "rz": 0.2, "fov": 50 + frame}
        wanted = sources((448, 256), STILL | at, points, math.sqrt(2))
        spec = found.specs[frame]
        sheared = motion_matrix(spec.transforms, spec.size, spec.center)
        back = np.c_[points, np.ones(len(points))] @ np.linalg.inv(sheared).T
        ours_then = seen_before(spec.camera, (448, 256), back[:, :2] / back[:, 2:], math.sqrt(2))
        assert np.linalg.norm(ours_then - wanted, axis=-1).max() < 0.1
        assert np.linalg.norm(points - wanted, axis=-1).max() > 1
    assert "fov" not in found.text.split("camera:")[0]


def test_frames_that_no_camera_can_show_are_reported_and_the_others_move(plan: Callable[..., Any]) -> None:
    settings = {"translation_z": "0: (5), 3: (5), 4: (190), 5: (5)", "fov_schedule": "0: (40)"}
    for depth in (False, True):
        found = plan("flight.txt", json.dumps(BASE | settings | {"use_depth_warping": depth, "W": 128, "H": 128}))
        assert any(note.startswith("3D: in 1 frames (4) the ") and "rests there" in note for note in found.notes)
        assert [spec.camera is not None for spec in found.specs[:6]] == [False, True, True, True, False, True]


def test_discos_camera_has_its_angle_border_and_depth(plan: Callable[..., Any]) -> None:
    settings = {
        **{"text_prompts": {"0": ["a sea"]}, "diffusion_steps": 9, "max_frames": 6, "width": 256, "height": 192},
        **{"animation_mode": "3D", "translation_z": "0: (10)", "fov": 60, "midas_weight": 0.3, "set_seed": "1"},
        **{"padding_mode": "reflection", "near_plane": 200, "far_plane": 10000, "key_frames": True},
    }
    found = plan("disco.txt", json.dumps(settings))
    points = points_of((256, 192))
    move = found.specs[2].camera
    assert isinstance(move, RoomMove)
    for z, distance in ((1.0, move.depth.near), (50 / 19, move.depth.far)):
        wanted = sources((256, 192), STILL | {"tz": 10.0, "fov": 60.0}, points, z)
        assert np.linalg.norm(seen_before(move, (256, 192), points, distance) - wanted, axis=-1).max() < 0.1
    assert found.specs[2].border == "reflect"
    assert any(
        note.startswith("Disco estimates depth by MiDaS and AdaBins; here by midas-small") for note in found.notes
    )


@pytest.mark.parametrize(("also", "deep"), [({}, True), ({"zoom_delta": 1.02}, False)])
def test_parseqs_fields_are_3d_if_nothing_that_only_2d_has_moves(
    plan: Callable[..., Any], also: dict[str, float], deep: bool
) -> None:
    row = {"deforum_prompt": "a sea", "translation_z_delta": 4, "rotation_3d_y_delta": 0.2, "fov": 60, "near": 200}
    rows = [{"frame": frame, **row, **also} for frame in range(4)]
    found = plan("parseq.json", json.dumps({"rendered_frames": rows}))
    assert isinstance(found.specs[2].camera, RoomMove) == deep
    assert (found.specs[2].transforms == {}) == deep
    assert any("rotation_3d_y" in note or "fov" in note for note in found.notes) != deep


def pyttis(size: tuple[int, int], shift: tuple[float, float, float], turn: Array, depth: float, points: Array) -> Array:
    """zoom_3d and render_image_3d: where pytti samples the picture before, in pixels; z points back to the viewer."""
    wide, high = size
    aspect, pixel, gain = wide / high, 2 / high, 1 / math.tan(math.radians(60) / 2)
    uv = np.stack([2 * points[:, 0] / (wide - 1) - 1, 2 * points[:, 1] / (high - 1) - 1], axis=-1)
    view = np.c_[uv * [aspect, 1], np.full(len(points), -depth)]
    after = (view + np.array(shift) * [pixel, -pixel, pixel]) @ turn.T
    scale = np.array([gain / aspect, gain])
    grid = uv - scale * (after[:, :2] / -after[:, 2:] - view[:, :2] / depth)
    found: Array = (grid + 1) * (np.array(size) - 1) / 2
    return found


def test_pyttis_camera_moves_what_is_in_the_middle_of_its_depth_as_pytti_does(plan: Callable[..., Any]) -> None:
    settings = (
        "scenes: a\nanimation_mode: 3D\nwidth: 256\nheight: 128\ntranslate_x: '20*t'\ntranslate_y: '-30'\n"
        "translate_z_3d: '40'\nrotate_3d: '[cos(radians(0.1)), 0, -sin(radians(0.1)), 0]'\nfield_of_view: 60\n"
        "near_plane: 10\nfar_plane: 2000\nlock_camera: false\nsteps_per_scene: 400\nframes_per_second: 10\n"
    )
    found = plan("band.yaml", settings)
    near, far = 200 * 2 / 128, 2000 * 2 / 128  # a tenth of the far plane, and it
    middle = math.sqrt(near * far)
    points = points_of((256, 128))
    frame = 5
    angle = -2 * 0.1
    turn = about(1, angle)
    wanted = pyttis((256, 128), (20 * (frame - 1) / 10, -30, 40), turn, middle, points)
    seen = seen_before(found.specs[frame].camera, (256, 128), points, middle)
    assert np.linalg.norm(points - wanted, axis=-1).max() > 2
    assert np.linalg.norm(seen - wanted, axis=-1).max() < 0.1
