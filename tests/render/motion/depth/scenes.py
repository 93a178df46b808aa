"""Scenes of the ray caster, as the renderer gets them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from scipy.spatial.transform import Rotation
from torch import Tensor

from render.motion.displacements import Displacement, Fields
from render.motion.displacements.depth import displacement
from render.spec import FrameMotion
from render.spec.camera import Depth, RoomMove, View
from render.spec.pictures import ImageFile
from tests.render.motion.depth.rays import Array, Camera, Shot

Mask = NDArray[np.bool_]

WIDTH, HEIGHT, FOV = 160, 96, 60.0
SIZE = WIDTH, HEIGHT
NEAR = 2.0


def camera(x: float, y: float, z: float, pan: float = 0, tilt: float = 0, roll: float = 0) -> Camera:
    axes = Rotation.from_euler("YXZ", [pan, tilt, roll], degrees=True).as_matrix()
    return Camera(np.array([x, y, z]), axes, float(np.tan(np.radians(FOV / 2))))


def view(camera: Camera) -> View:
    pose = np.concatenate([camera.axes.T, (-camera.axes.T @ camera.place)[:, None]], axis=1)
    return View(pose=tuple(pose.ravel().tolist()), fov=FOV)


FIRST = camera(0, 0, 0)
LAST = camera(0.35, -0.1, 0.6, 4, 2, 5)
GROUND = Depth(kind="ground")


def moved(depth: Depth, before: Camera, after: Camera, fields: Fields | None = None) -> Displacement:
    move = RoomMove(depth=depth, before=view(before), after=view(after))
    motion = FrameMotion(transforms={}, center=(0.5, 0.5), camera=move)
    found = displacement(motion, SIZE, 1, fields or Fields())
    assert found is not None
    return found


def pictured(shot: Shot) -> tuple[Depth, Fields]:
    """What a camera sees, as a picture of depth and what reads it."""
    far = float(shot.ahead.max())
    white = (1 / shot.ahead - 1 / far) / (1 / NEAR - 1 / far)
    file = ImageFile(path=Path("depth.png"), sha256="0")
    depth = replace(GROUND, kind="picture", near=NEAR, far=far, file=file, fov=FOV)
    return depth, Fields(grey=lambda size, file, seconds: torch.from_numpy(white).float())


def positions(found: Displacement) -> Array:
    at = found.positions(HEIGHT, WIDTH, 1, torch.device("cpu"))
    assert at is not None
    values: Array = at[0].numpy()
    return values


def inside(points: Array) -> Mask:
    rounded = np.round(points)
    found: Mask = np.all((rounded >= 0) & (rounded < [WIDTH, HEIGHT]), axis=-1)
    return found


def edges(shot: Shot, reach: int = 2) -> Mask:
    """The pixels near the border between two cards."""
    across = np.pad(np.diff(shot.card, axis=1) != 0, ((0, 0), (1, 0)))
    down = np.pad(np.diff(shot.card, axis=0) != 0, ((1, 0), (0, 0)))
    found: Mask = np.asarray(binary_dilation(across | down, np.ones((2 * reach + 1, 2 * reach + 1))))
    return found


def picture(shot: Shot) -> Tensor:
    return torch.from_numpy(shot.colours).float().movedim(-1, 0)[None]
