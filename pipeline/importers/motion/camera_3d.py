"""Write the 3D steps of another tool's camera as rates of ours that give the same step in every frame.

A tool turns its camera and shifts it, one after the other; ours does both at once. The rates are the logarithm of the
tool's step in the group of rigid motions. Where the tool's own numbers, taken as rates, move no point of the picture by
more than `UNSEEN` pixels differently, they are used as they are, so that expressions stay expressions.

Convention: as `pipeline.schedule.over_time.camera_path`. A step is the 4x4 matrix from the camera before it to the one
after it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.curves import matrices
from pipeline.curves.array import Array
from pipeline.importers.frame import Screen, rates, wordings
from pipeline.importers.notes import Effect, Note
from pipeline.importers.values.keys import CAMERA, Keys, Wording, expression_keys, number, value_keys
from pipeline.importers.values.series import Series
from pipeline.schedule.over_time import offsets

STILL = Note("animation_mode 3D: nothing moves in these settings", Effect.MOTION)
UNSEEN = 0.05  # pixels
_ALONG, _AROUND = ("truck", "pedestal", "dolly"), ("tilt", "pan", "roll")  # x, y, z
_SIGNS = np.array([1.0, -1.0, 1.0])  # y points down, and a pedestal rises


@dataclass(frozen=True, kw_only=True)
class Axis:
    """How far a camera moves along or around an axis in every frame, in distances or degrees."""

    values: Array
    wordings: Sequence[Wording] = ()


def axis(series: Series, names: Mapping[str, str], factor: float = 1.0) -> Axis:
    """A tool's numbers times `factor`.

    Args:
        names: maps each name in its expressions to ours.
    """
    scale = "" if factor == 1 else number(factor)
    return Axis(values=factor * series.values, wordings=wordings(series, names, scale))


def euler_steps(tilt: Array, pan: Array, roll: Array, shift: Array) -> Array:
    """The steps (n, 4, 4) of pytorch3d: points are turned by "XYZ" angles in degrees, then shifted by (n, 3).

    Source: pytorch3d, euler_angles_to_matrix and get_world_to_view_transform, which multiplies rows from the left.
    """
    angles = np.radians(np.stack([tilt, pan, roll], axis=-1))
    x, y, z = (matrices.exponentials(_crossing(angles * np.eye(3)[number])) for number in range(3))
    found = np.zeros((len(angles), 4, 4))
    found[:, :3, :3] = (x @ y @ z).swapaxes(-1, -2)
    found[:, :3, 3] = shift
    found[:, 3, 3] = 1.0
    return found


def camera_rates(axes: Mapping[str, Axis], steps: Array, gains: Array, screen: Screen) -> dict[str, Keys]:
    """The rates of a camera that moves by `steps`.

    Args:
        axes: the tool's own numbers, for all axes.
        gains: (n, 2), how much a point moves with the wall at distance 1, see `pipeline.schedule.over_time.offsets`.
    """
    if _difference(_together(axes), steps, gains, screen.size) <= UNSEEN:
        return written(axes, screen)
    exact = _logarithms(steps)
    return written({name: replace(own, values=exact[name]) for name, own in axes.items()}, screen)


def written(axes: Mapping[str, Axis], screen: Screen) -> dict[str, Keys]:
    """The rates of a camera that moves along and around all axes at once."""
    return rates({name: (own.values, CAMERA, own.wordings) for name, own in axes.items()}, screen.fps)


def over_time(series: Series, names: Mapping[str, str], fps: float) -> Keys:
    """Keys of a number that is sampled at frames; `names` maps each name in its expressions to ours."""
    whole = series.pieces[0] if len(series.pieces) == 1 else None
    if whole is None or (whole.start, whole.stop) != (0, len(series.values)):
        return value_keys(series.values)
    return expression_keys(whole.expression.written(names), series.values, fps)


def mean_drive(steps: Array) -> float:
    """How far a camera drives ahead in a frame, on the average of the way; 0 if it drives as far back."""
    whole = float(np.abs(steps).sum())
    return float((steps * np.abs(steps)).sum()) / whole if whole else 0.0


def distances(ends: tuple[float, float], drive: float, *, ahead: bool) -> tuple[float, float]:
    """How far away the nearest and the farthest thing is for a true camera, see
    `pipeline.importers.diffusion_tools.flight`.

    Args:
        ends: how far away they are for the tool.
        ahead: whether points at these ends are to move alike when it drives, rather than when it moves sideways.
    """
    middle = math.sqrt(ends[0] * ends[1])
    near, far = ((z if ahead else middle) * (z - drive) / (middle - drive) for z in ends)
    return near, far


def _crossing(vectors: Array) -> Array:
    """The matrices (..., 3, 3) that take the cross product with vectors (..., 3)."""
    found = np.zeros((*vectors.shape, 3))
    for along, (row, column) in enumerate(((2, 1), (0, 2), (1, 0))):
        found[..., row, column] = vectors[..., along]
        found[..., column, row] = -vectors[..., along]
    return found


def _together(axes: Mapping[str, Axis]) -> Array:
    """The steps (n, 4, 4) of a camera that moves along and around all axes at once."""
    along = np.stack([axes[name].values for name in _ALONG], axis=-1) * _SIGNS
    around = np.radians(np.stack([axes[name].values for name in _AROUND], axis=-1))
    found = np.zeros((len(along), 4, 4))
    found[:, :3, :3] = -_crossing(around)
    found[:, :3, 3] = -along
    return matrices.exponentials(found)


def turns(turn: Array) -> dict[str, Array]:
    """How far a camera has turned around all axes at once, in degrees, if what it sees is turned by (n, 3, 3)."""
    return dict(zip(_AROUND, -np.degrees(_around(turn)).T, strict=True))


def _around(turn: Array) -> Array:
    """The axes, times the angle, of rotations (n, 3, 3): (n, 3)."""
    odd = np.stack([turn[:, 2, 1] - turn[:, 1, 2], turn[:, 0, 2] - turn[:, 2, 0], turn[:, 1, 0] - turn[:, 0, 1]], -1)
    sine, cosine = np.linalg.norm(odd, axis=-1) / 2, (np.trace(turn, axis1=1, axis2=2) - 1) / 2
    scale = np.where(sine > 1e-12, np.arctan2(sine, cosine) / np.maximum(sine, 1e-12), 1.0)
    return np.asarray(odd / 2 * scale[:, None])


def _logarithms(steps: Array) -> dict[str, Array]:
    """How far a camera moves along and around all axes at once in steps (n, 4, 4)."""
    around = _around(steps[:, :3, :3])
    angle = np.linalg.norm(around, axis=-1)
    crossed = _crossing(around)
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    first = np.where(small, 0.5, (1 - np.cos(safe)) / safe**2)[:, None, None]
    second = np.where(small, 1 / 6, (safe - np.sin(safe)) / safe**3)[:, None, None]
    mean = np.eye(3) + first * crossed + second * (crossed @ crossed)  # of the turns on the way
    along = -np.linalg.solve(mean, steps[:, :3, 3:])[..., 0] * _SIGNS
    return dict(zip(_ALONG, along.T, strict=True)) | turns(steps[:, :3, :3])


def _difference(one: Array, other: Array, gains: Array, size: tuple[int, int]) -> float:
    """How far apart two kinds of steps move points of the picture in any frame after the first, in pixels."""
    if len(one) < 2:
        return 0.0
    x, y = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 5))
    points = np.stack([x.ravel(), y.ravel(), np.ones(25)])
    seen = [offsets.walls(steps[1:]) @ points for steps in (one, other)]
    apart = seen[0][:, :2] / seen[0][:, 2:] - seen[1][:, :2] / seen[1][:, 2:]
    return float(np.linalg.norm(apart * gains[1:, :, None] * np.array(size)[:, None] / 2, axis=1).max())
