"""The path of a camera: from its rates, or its positions, to matrices.

Convention: x to the right, y down, z ahead, for points as the camera sees them and in the world. A pose is the 4x4
matrix from the world to the camera. What a flat camera sees is a wall that stays at distance 1 straight ahead: however
far it drives, the wall gets closer by the same share in the same time. Points of it, as (x, y, z) up to a factor, are
moved by 3x3 matrices.
"""

import numpy as np

from pipeline.curves import matrices
from pipeline.curves.array import Array
from pipeline.schedule.sections.camera import AXES, Camera

_DRIVES, _TURNS = ("truck", "pedestal", "dolly"), ("tilt", "pan", "roll")  # along, and around x, y, z
_SIGNS = np.array([1.0, -1.0, 1.0])  # y points down, and a pedestal rises
_ORDER = [list(AXES).index(name) for name in (*_DRIVES, *_TURNS)]


def flat_steps(camera: Camera, times: Array) -> Array:
    """How the wall moves from each of the ascending `times` (n,) to the next, as the camera sees it: (n - 1, 3, 3)."""
    if camera.path is None:
        return matrices.solutions(camera.rates_in_order(), _flat_velocity, times)
    edges = np.union1d(times, np.arange(times[0], times[-1], matrices.STEP))
    fine = np.interp(np.arange(2 * len(edges) - 1) / 2, np.arange(len(edges)), edges)  # and the middle of each step
    whole, halves = (matrices.exponentials(_velocities(_between(_poses(camera, at)))) for at in (edges, fine))
    twice = halves[1::2] @ halves[::2]
    moved = twice + (twice - whole) / 3  # Richardson: halving a step divides its error by four
    return matrices.products(moved, np.searchsorted(edges, times))


def room_steps(camera: Camera, times: Array) -> Array:
    """How the world moves from each of the ascending `times` (n,) to the next, as the camera sees it: (n - 1, 4, 4)."""
    if camera.path is None:
        return matrices.solutions(camera.rates_in_order(), _room_velocity, times)
    return _between(_poses(camera, times))


def _split(values: Array) -> tuple[Array, Array]:
    """Velocities along and around the three axes, (..., 3) each, of values in the order of `AXES`, in radians."""
    ordered = values[..., _ORDER]
    return ordered[..., :3] * _SIGNS, np.radians(ordered[..., 3:])


def _flat_velocity(values: Array) -> Array:
    driving, turning = _split(values)
    found = -_crossing(turning)
    found[..., :, 2] -= driving
    return found


def _room_velocity(values: Array) -> Array:
    driving, turning = _split(values)
    found = np.zeros((*values.shape[:-1], 4, 4))
    found[..., :3, :3] = -_crossing(turning)
    found[..., :3, 3] = -driving
    return found


def _crossing(vectors: Array) -> Array:
    """The matrices (..., 3, 3) that take the cross product with vectors (..., 3)."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _poses(camera: Camera, times: Array) -> Array:
    """The poses of a path: panned about the vertical of the world, then tilted, then rolled."""
    position, turned = _split(np.stack([curve.sample(times) for curve in camera.path_in_order()], axis=-1))
    tilt, pan, roll = (matrices.exponentials(_crossing(turned * np.eye(3)[axis])) for axis in range(3))
    turn = pan @ tilt @ roll
    found = np.zeros((len(times), 4, 4))
    found[:, :3, :3] = turn.swapaxes(-1, -2)
    found[:, :3, 3] = -np.einsum("nji,nj->ni", turn, position)
    found[:, 3, 3] = 1.0
    return found


def _between(poses: Array) -> Array:
    return poses[1:] @ np.linalg.inv(poses[:-1])


def _velocities(steps: Array) -> Array:
    """The constant velocities of the wall, (n, 3, 3), under which the camera moves as in small steps (n, 4, 4)."""
    turn = steps[:, :3, :3]
    axis = np.stack([turn[:, 2, 1] - turn[:, 1, 2], turn[:, 0, 2] - turn[:, 2, 0], turn[:, 1, 0] - turn[:, 0, 1]], -1)
    sine, cosine = np.linalg.norm(axis, axis=-1) / 2, (np.trace(turn, axis1=1, axis2=2) - 1) / 2
    around = axis / 2 * np.where(sine > 1e-12, np.arctan2(sine, cosine) / np.maximum(sine, 1e-12), 1.0)[:, None]
    for number in np.flatnonzero((sine < 1e-7) & (cosine < 0)):  # a jump by half a turn, either way round
        mirrored = (turn[number] + np.eye(3)) / 2
        along = mirrored[:, np.diag(mirrored).argmax()]
        around[number] = np.pi * along / np.linalg.norm(along)
    half = matrices.exponentials(-_crossing(around) / 2)
    found = _crossing(around)
    found[..., :, 2] += np.einsum("nij,nj->ni", half, steps[:, :3, 3])
    return found
