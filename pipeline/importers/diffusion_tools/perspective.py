"""Express Deforum's perspective flip, a homography per frame, as simultaneous moves about a suitable centre.

The generators of our moves span all homographies except for one direction: a stretch along an axis. Tilting about
a different point adds a stretch, so for a picture that tilts there are centres about which the stretch is zero and
the result is exact. Of these, the one nearest to the flip's own centre is used.

Convention: pixel coordinates, y down, as `render.motion.warp`'s.

Source: sd-webui-deforum, scripts/deforum_helpers/animation.py, warpMatrix, get_flip_perspective_matrix and
    anim_frame_warp_2d, which ignores the translation if there is a flip. What differs: it estimates the matrix
    from four corners in single precision.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from pipeline.importers.frame import Screen, rates, read_series
from pipeline.importers.notes import Notes
from pipeline.importers.settings import Settings
from pipeline.importers.values.arithmetic import UnreadableError
from pipeline.importers.values.keys import PAN, ROTATE, ZOOM, Keys, Kind, Wording, value_keys
from pipeline.importers.values.series import Series

FIELDS = {
    **{f"perspective_flip_{name}": "0: (0)" for name in ("theta", "phi", "gamma")},
    "perspective_flip_fv": "0: (53)",
}
_FURTHEST = 100.0  # how far away a centre may be, in sides of the picture
_ROOTS = 9  # how many square roots are taken, so that the series of the logarithm converges fast
_NOISE = 1e-9  # smaller amounts count as zero: less than a millionth of a pixel
_MOST = 7000  # keys; a schedule can hold only a few more


@dataclass(frozen=True, kw_only=True)
class Flipped:
    """Rates and a centre (across, down) that give the tool's own moves in every frame."""

    motion: dict[str, Keys]
    center: tuple[Keys, Keys]


def flipped(
    settings: Settings, screen: Screen, read: Callable[[str], Series], notes: Notes, *, flat: bool = True
) -> Flipped:
    """Compute rates and a centre for frames that are rotated and scaled, then flipped.

    Args:
        flat: whether they are rotated and scaled, which only the mode 2D does.

    Raises:
        InputError: one of the schedules cannot be read.
        UnreadableError: a frame turns the picture over or past the viewer, which no continuous motion does; or there
            would be too many keys.
    """
    defaults = {
        **FIELDS,
        **{"angle": "0: (0)", "zoom": "0: (1)", "transform_center_x": "0: (0.5)", "transform_center_y": "0: (0.5)"},
    }
    series = {
        name: read_series(settings, name, default, read, notes).values
        if flat or name in FIELDS
        else read(default).values
        for name, default in defaults.items()
    }
    series = {name.removeprefix("perspective_flip_"): values for name, values in series.items()}
    width, height = screen.size
    total = _flip(series, width, height) @ _similarity(series, width, height)
    axis = np.repeat(_square(series, screen.size)[:, None] / 2, 2, axis=1)
    amounts, center = _amounts(_logarithm(total, width), axis, screen.size)
    kinds = {"zoom": ZOOM, "pan_x": PAN, "pan_y": PAN}
    found: dict[str, tuple[Array, Kind, list[Wording]]] = {
        name: (values, kinds.get(name, ROTATE), []) for name, values in amounts.items()
    }
    result = Flipped(motion=rates(found, screen.fps), center=(value_keys(center[:, 0]), value_keys(center[:, 1])))
    keys = sum(map(len, (*result.motion.values(), *result.center)))
    if keys > _MOST:
        raise UnreadableError(f"needs {keys:,} keys; at most {_MOST:,} fit into a schedule")
    return result


def _flip(series: Mapping[str, Array], width: int, height: int) -> Array:
    """Compute the matrices of the flip, (frames, 3, 3).

    Deforum first shifts the picture towards the corner of the larger square in which it is seen and rotates it
    afterwards, so the rotation is about the middle of that square, not of the picture.
    """
    half = np.radians(series["fv"] / 2)
    if not ((half > 0) & (half < np.pi / 2)).all():
        raise UnreadableError("perspective_flip_fv: expected degrees between 0 and 180")
    turn = _turn(series)
    side, distance = _square(series, (width, height)), np.hypot(width, height) / (2 * np.sin(half))
    seen = np.zeros_like(turn)
    seen[:, :2, :2] = turn[:, :2, :2] / np.tan(half)[:, None, None]
    seen[:, 2, :2] = -turn[:, 2, :2]
    seen[:, 2, 2] = distance
    out = _shift(side / 2, side / 2)
    out[:, 0, 0] = out[:, 1, 1] = side / 2
    found: Array = out @ seen @ _shift(-side / 2, -side / 2)
    return found


def _square(series: Mapping[str, Array], size: tuple[int, int]) -> Array:
    """The side in pixels of the square in which the picture is seen."""
    found: Array = np.hypot(*size) / np.cos(np.radians(series["fv"] / 2))
    return found


def _turn(series: Mapping[str, Array]) -> Array:
    """The rotations by phi about x, gamma about y and theta about z, multiplied in this order, (frames, 3, 3)."""
    total = np.eye(3)
    for name, (first, second) in {"phi": (1, 2), "gamma": (2, 0), "theta": (0, 1)}.items():
        angle = np.radians(series[name])
        turn = np.zeros((len(angle), 3, 3)) + np.eye(3)
        turn[:, first, first] = turn[:, second, second] = np.cos(angle)
        turn[:, second, first] = np.sin(angle)
        turn[:, first, second] = -np.sin(angle)
        total = total @ turn
    return total


def _similarity(series: Mapping[str, Array], width: int, height: int) -> Array:
    """The matrices of cv2.getRotationMatrix2D, (frames, 3, 3)."""
    turn = series["zoom"] * np.exp(-1j * np.radians(series["angle"]))
    x, y = width * series["transform_center_x"], height * series["transform_center_y"]
    scaled = np.zeros((len(turn), 3, 3)) + np.eye(3)
    scaled[:, 0, 0] = scaled[:, 1, 1] = turn.real
    scaled[:, 1, 0], scaled[:, 0, 1] = turn.imag, -turn.imag
    found: Array = _shift(x, y) @ scaled @ _shift(-x, -y)
    return found


def _shift(right: Array, down: Array) -> Array:
    matrices = np.zeros((len(right), 3, 3)) + np.eye(3)
    matrices[:, 0, 2], matrices[:, 1, 2] = right, down
    return matrices


def _logarithm(matrices: Array, width: int) -> Array:
    """Compute the generators: the matrices are their exponentials, up to a factor.

    Takes square roots (Denman and Beavers) until the matrices are close to the identity, then the logarithm's series.
    """
    scale = np.diag([1 / width, 1 / width, 1.0])
    scaled = scale @ matrices @ np.linalg.inv(scale)
    determinant = np.linalg.det(scaled)
    _require(determinant > 0)
    root: Array = scaled / np.cbrt(determinant)[:, None, None]
    whole = root
    with np.errstate(all="ignore"):
        for _ in range(_ROOTS):
            root = _square_root(root)
        rest = root - np.eye(3)
        power, total = rest, rest
        for order in range(2, 12):
            power = power @ rest
            total = total + power * ((-1) ** (order + 1) / order)
        again = root
        for _ in range(_ROOTS):
            again = again @ again
        _require(np.all((np.abs(again - whole) < 1e-9) & (np.abs(rest) < 0.05), axis=(1, 2)))
    found: Array = np.linalg.inv(scale) @ (total * 2.0**_ROOTS) @ scale
    return found


def _square_root(matrices: Array) -> Array:
    root, inverse = matrices, np.zeros_like(matrices) + np.eye(3)
    for _ in range(12):
        root, inverse = (root + _inverse(inverse)) / 2, (inverse + _inverse(root)) / 2
    return root


def _inverse(matrices: Array) -> Array:
    """Invert the matrices; a singular one gives NaN, so that it does not stop the others."""
    singular = np.linalg.det(matrices) == 0
    found: Array = np.linalg.inv(np.where(singular[:, None, None], np.nan, matrices))
    return found


def _require(sound: NDArray[np.bool_]) -> None:
    unsound = ~sound[1:]
    if unsound.any():
        raise UnreadableError(f"turns the picture over at frame {int(unsound.argmax()) + 1}")


def _amounts(generators: Array, axis: Array, size: tuple[int, int]) -> tuple[dict[str, Array], Array]:
    """Compute the amounts of our moves in every frame and their centres, as shares of the way to the last pixel.

    About a centre c, a generator with the bottom row r has the affine part A - c r. If r is not 0, c can therefore
    be chosen so that the stretch along an axis vanishes.

    Args:
        axis: the points to which the centres should be as near as possible, (frames, 2), in pixels.
    """
    sides = np.array(size, dtype=np.float64) - 1
    bottom = generators[:, 2, :2]
    across = bottom * [1.0, -1.0]
    length = (across**2).sum(axis=1)
    stretch = generators[:, 0, 0] - generators[:, 1, 1] - (across * axis).sum(axis=1)
    tilts = length > 1e-30
    center = axis + across * np.where(tilts, stretch / np.where(tilts, length, 1.0), 0.0)[:, None]
    _require(np.all(np.abs(center / sides) < _FURTHEST, axis=1))
    about = _shift(-center[:, 0], -center[:, 1]) @ generators @ _shift(center[:, 0], center[:, 1])
    about = about - about[:, 2, 2, None, None] * np.eye(3)
    turn = -about[:, 1, 0]
    width, height = size
    amounts = {
        "rotate": np.degrees(turn),
        "shear_x": turn - about[:, 0, 1],
        "tilt_x": np.degrees(-about[:, 2, 1] * height),
        "tilt_y": np.degrees(about[:, 2, 0] * height),
        "pan_x": 100 * about[:, 0, 2] / width,
        "pan_y": 100 * about[:, 1, 2] / height,
    }
    amounts = {name: np.where(np.abs(values) < _NOISE, 0.0, values) for name, values in amounts.items()}
    scale = (about[:, 0, 0] + about[:, 1, 1]) / 2
    amounts["zoom"] = np.exp(np.where(np.abs(scale) < _NOISE, 0.0, scale))
    return amounts, np.round(center / sides, 9)
