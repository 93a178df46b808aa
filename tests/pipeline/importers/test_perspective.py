"""Deforum's perspective flip: where points of the picture move, compared with Deforum's formula and OpenCV's."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.curves.array import Array

FRAMES = 12
BASE = {"max_frames": FRAMES, "fps": 10, "seed": 1, "prompts": {"0": "a sea"}, "enable_perspective_flip": True}


def corners(width: int, height: int) -> Array:
    across, down = np.meshgrid(np.linspace(0, width - 1, 5), np.linspace(0, height - 1, 5))
    return np.stack([across.ravel(), down.ravel(), np.ones(25)])


def seen(matrix: Array, points: Array) -> Array:
    moved = matrix @ points
    found: Array = moved[:2] / moved[2]
    return found


def four_points(before: Array, after: Array) -> Array:
    """cv2.getPerspectiveTransform: the homography of four points, by the equations in OpenCV's documentation."""
    rows, values = [], []
    for (x, y), (u, v) in zip(before, after, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -x * u, -y * u], [0, 0, 0, x, y, 1, -x * v, -y * v]]
        values += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(values)), 1.0).reshape(3, 3)


def deforums(width: int, height: int, theta: float, phi: float, gamma: float, fv: float) -> Array:
    """get_flip_perspective_matrix as Deforum computes it: four corners through a camera, and back to a plane."""
    half = math.radians(fv / 2)
    diagonal = math.sqrt(width**2 + height**2)
    side, away = diagonal / math.cos(half), diagonal / (2 * math.sin(half))
    near, far = away - diagonal / 2, away + diagonal / 2
    cos = {name: math.cos(math.radians(angle)) for name, angle in (("t", theta), ("p", phi), ("g", gamma))}
    sin = {name: math.sin(math.radians(angle)) for name, angle in (("t", theta), ("p", phi), ("g", gamma))}
    about_x = np.array([[1, 0, 0, 0], [0, cos["p"], -sin["p"], 0], [0, sin["p"], cos["p"], 0], [0, 0, 0, 1]])
    about_y = np.array([[cos["g"], 0, sin["g"], 0], [0, 1, 0, 0], [-sin["g"], 0, cos["g"], 0], [0, 0, 0, 1]])
    about_z = np.array([[cos["t"], -sin["t"], 0, 0], [sin["t"], cos["t"], 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    back = np.eye(4)
    back[2, 3] = -away
    project = np.diag([1 / math.tan(half), 1 / math.tan(half), -(far + near) / (far - near), 0])
    project[2, 3], project[3, 2] = -2 * far * near / (far - near), -1
    plane = np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]]) * [width / 2, height / 2]
    before = np.concatenate([plane, np.zeros((4, 1)), np.ones((4, 1))], axis=1)
    after = before @ (project @ back @ about_x @ about_y @ about_z).T
    placed = (after[:, :2] / after[:, 3:] + 1) * (side / 2)
    shifted = np.array([[1, 0, (width - side) / 2], [0, 1, (height - side) / 2], [0, 0, 1]])
    matrix: Array = four_points(plane + np.array([width / 2, height / 2]), placed) @ shifted
    return matrix


def turned(center: tuple[float, float], angle: float, scale: float) -> Array:
    """cv2.getRotationMatrix2D."""
    alpha, beta = scale * math.cos(math.radians(angle)), scale * math.sin(math.radians(angle))
    x, y = center
    return np.array([[alpha, beta, (1 - alpha) * x - beta * y], [-beta, alpha, beta * x + (1 - alpha) * y], [0, 0, 1]])


Values = Callable[[int], dict[str, float]]
CASES: dict[str, tuple[tuple[int, int], dict[str, Any], Values]] = {
    "phi": ((256, 256), {"perspective_flip_phi": "0: (1.5)"}, lambda t: {"phi": 1.5}),
    "gamma, wide": ((320, 192), {"perspective_flip_gamma": "0: (-3)"}, lambda t: {"gamma": -3}),
    "theta": ((192, 320), {"perspective_flip_theta": "0: (4)"}, lambda t: {"theta": 4}),
    "the default of the extension": ((256, 192), {"perspective_flip_phi": "0: (t%15)"}, lambda t: {"phi": t % 15}),
    "all, with a field of view": (
        (320, 192),
        {
            **{"perspective_flip_theta": "0: (2*sin(t/3))", "perspective_flip_phi": "0: (1), 11: (-6)"},
            **{"perspective_flip_gamma": "0: (5*cos(t))", "perspective_flip_fv": "0: (53), 11: (97)"},
        },
        lambda t: {
            **{"theta": 2 * math.sin(t / 3), "phi": 1 - 7 * t / 11, "gamma": 5 * math.cos(t), "fv": 53 + 4 * t},
        },
    ),
    "with zoom and angle about a corner": (
        (256, 192),
        {
            **{"perspective_flip_phi": "0: (2)", "zoom": "0: (1.03)", "angle": "0: (t)", "translation_x": "0: (50)"},
            **{"transform_center_x": "0: (0.25)", "transform_center_y": "0: (1)"},
        },
        lambda t: {"phi": 2, "zoom": 1.03, "angle": t, "x": 0.25, "y": 1.0},
    ),
    "only at times": (
        (256, 192),
        {"perspective_flip_phi": "0: (where(t<6, 0, 20))", "zoom": "0: (0.98)"},
        lambda t: {"phi": 0 if t < 6 else 20, "zoom": 0.98},
    ),
    "forty degrees": ((256, 256), {"perspective_flip_gamma": "0: (40)"}, lambda t: {"gamma": 40}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("switch", ["enable_perspective_flip", "flip_2d_perspective"])
def test_every_point_moves_as_in_deforum(plan: Callable[..., Any], case: str, switch: str) -> None:
    (width, height), settings, values = CASES[case]
    base = {**BASE, "enable_perspective_flip": False, switch: True, "W": width, "H": height}
    found = plan("flip.txt", json.dumps(base | settings))
    points = corners(width, height)
    for frame in range(1, FRAMES):
        at = {"theta": 0, "phi": 0, "gamma": 0, "fv": 53, "zoom": 1, "angle": 0, "x": 0.5, "y": 0.5} | values(frame)
        flip = deforums(width, height, at["theta"], at["phi"], at["gamma"], at["fv"])
        expected = seen(flip @ turned((width * at["x"], height * at["y"]), at["angle"], at["zoom"]), points)
        np.testing.assert_allclose(seen(found.matrices()[frame], points), expected, rtol=0, atol=1e-6)
    assert np.array_equal(found.matrices()[0], np.eye(3))
    assert not any("not converted" in line for line in found.notes)


def test_a_constant_flip_takes_only_a_few_numbers(plan: Callable[..., Any]) -> None:
    found = plan("flip.txt", json.dumps({**BASE, "W": 256, "H": 256, "perspective_flip_phi": "0: (1.5)"}))
    motion = found.text.split("motion:\n")[1].splitlines()
    assert [line.split(":")[0].strip() for line in motion] == ["tilt_x", "zoom", "center", "border"]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"perspective_flip_phi": "0: (180)", "zoom": "0: (1.02)"},
            "perspective flip: not converted (perspective_flip_phi = 0: (180)): turns the picture over at frame 1",
        ),
        (
            {"perspective_flip_gamma": "0: (where(t<5, 1, 120))", "zoom": "0: (1.02)"},
            "perspective flip: not converted (perspective_flip_gamma = 0: (where(t<5, 1, 120))): "
            "turns the picture over at frame 5",
        ),
        (
            {"perspective_flip_theta": "0: (where(t<5, 1, 180))", "zoom": "0: (1.02)"},
            "perspective flip: not converted (perspective_flip_theta = 0: (where(t<5, 1, 180))): "
            "turns the picture over at frame 5",
        ),
        (
            {"perspective_flip_phi": "0: (1)", "perspective_flip_fv": "0: (0)", "zoom": "0: (1.02)"},
            "perspective flip: not converted (perspective_flip_phi = 0: (1)): "
            "perspective_flip_fv: expected degrees between 0 and 180",
        ),
        (
            {"max_frames": 9000, "perspective_flip_phi": "0: (sin(t))", "zoom": "0: (1.02)"},
            "perspective flip: not converted (perspective_flip_phi = 0: (sin(t))): needs ",
        ),
        (
            {"perspective_flip_phi": "0: (0)", "zoom": "0: (1.02)", "translation_x": "0: (5)"},
            "perspective flip: Deforum ignores the translation while it is on, and so does the import "
            "(translation_x = 0: (5))",
        ),
    ],
)
def test_flips_that_no_continuous_motion_gives_are_reported_and_the_rest_is_converted(
    plan: Callable[..., Any], settings: dict[str, Any], message: str
) -> None:
    found = plan("flip.txt", json.dumps({**BASE, "W": 256, "H": 256, **settings}))
    assert len(found.notes) == 1
    assert found.notes[0].startswith(message)
    np.testing.assert_allclose(found.amounts("zoom", 1.0)[1:], 1.02, rtol=1e-9)
    assert not found.amounts("pan_x").any()


def test_in_3d_the_flip_comes_after_the_camera_and_without_one_it_is_the_same(plan: Callable[..., Any]) -> None:
    flip = {"animation_mode": "3D", "use_depth_warping": False, "perspective_flip_phi": "0: (2)", "zoom": "0: (0)"}
    settings = {**BASE, "W": 256, "H": 256, **flip}
    moving = plan("flip.txt", json.dumps({**settings, "translation_z": "0: (5)"}))
    assert moving.notes == ("perspective flip: after the camera's motion; Deforum flips the picture first",)
    assert moving.specs[3].camera is not None
    still = plan("flip.txt", json.dumps(settings))
    assert still.specs[3].camera is None
    assert not still.notes
    points = corners(256, 256)
    for found in (moving, still):
        wanted = seen(deforums(256, 256, 0, 2, 0, 53), points)
        np.testing.assert_allclose(seen(found.matrices()[3], points), wanted, atol=1e-4)
