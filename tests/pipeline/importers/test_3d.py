"""Deforum's 3D mode without depth: where points of the picture move, compared with Deforum's own formula."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.curves.array import Array
from render.motion.composed import Motions
from render.spec import FrameSpec

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


def sources(size: tuple[int, int], at: Mapping[str, float], points: Array) -> Array:
    """transform_image_3d_new: where Deforum samples the picture before, in pixels: (n, 2).

    pytorch3d multiplies rows of points from the left; its projection divides by z and scales by 1 / tan(fov / 2),
    across divided by the aspect ratio. The grid is of the middles of pixels, the wall reaches
    from edge to edge.
    """
    wide, high = size
    wall = np.stack(
        [2 * points[:, 0] / (wide - 1) - 1, 2 * points[:, 1] / (high - 1) - 1, np.ones(len(points))], axis=-1
    )
    turn = about(0, at["rx"]) @ about(1, at["ry"]) @ about(2, at["rz"])
    moved = wall @ turn + np.array([-at["tx"], at["ty"], -at["tz"]]) / 200
    gain = 1 / math.tan(math.radians(at["fov"]) / 2)
    scale = np.array([gain / at["aspect"], gain])
    way = scale * (moved[:, :2] / moved[:, 2:] - wall[:, :2] / wall[:, 2:])
    grid = np.stack([(2 * points[:, 0] + 1) / wide - 1, (2 * points[:, 1] + 1) / high - 1], axis=-1)
    found: Array = ((grid - way + 1) * np.array(size) - 1) / 2
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
