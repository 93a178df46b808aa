"""Carry the 3D mode of Deforum and Disco into `camera:` and, where they warp by depth, `depth:`.

Both move the picture by `pipeline.schedule.over_time.offsets`, which the camera's projection `deforum` repeats exactly.
With depth every pixel of their wall lies at a distance of its own, z, but the view still opens from -1 to 1 at any
distance, which is no camera's view. A point moves by gain * (x + shift) / z sideways and gain * x * drive / z**2 ahead,
with the gain 1 / tan(fov / 2). A true camera of this fov moves it alike sideways if its distance is z, ahead if it is
z**2 / gain.

Source: deforum-art/sd-webui-deforum, scripts/deforum_helpers/animation.py, anim_frame_warp_3d and
    transform_image_3d_new; alembics/disco-diffusion, disco.py, do_3d_step, and disco_xform_utils.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from pipeline.importers.files import Entry
from pipeline.importers.frame import Screen, read_series
from pipeline.importers.motion.camera_3d import Axis, axis, camera_rates, euler_steps, over_time, written
from pipeline.importers.notes import Effect, Note, Notes
from pipeline.importers.settings import Settings
from pipeline.importers.values.keys import number
from pipeline.importers.values.series import Series
from pipeline.schedule.over_time import offsets
from pipeline.schedule.sections.camera import LEAST_FOV, MOST_FOV

FIELDS = tuple(f"{move}_{axis}" for move in ("translation", "rotation_3d") for axis in "xyz")
STILL = Note("animation_mode 3D: nothing moves in these settings", Effect.MOTION)
_DISTANCE = 1 / 200  # of one unit of translation
_SQUAREST, _LARGEST_ASPECT = 0.01, 100.0
_NEAREST = 0.8  # share of the nearest distance that a step may drive
_WIDEST = 85.0  # degrees between what a camera looked at and what it sees after a step


@dataclass(frozen=True, kw_only=True)
class DepthMap:
    """What a tool makes of the depth that it estimates.

    Attributes:
        model: ours that is nearest to the tool's.
        near, far: the distances of the nearest and the farthest thing.
        told: how the tool estimates it.
    """

    model: str
    near: float
    far: float
    told: str


@dataclass(frozen=True, kw_only=True)
class Flight:
    """The schedules of a tool's 3D mode, and what its names are in our language.

    Attributes:
        moves: those of `FIELDS`.
        fov: degrees.
        aspect: what moves across are divided by.
    """

    moves: Mapping[str, Series]
    fov: Series
    aspect: Series
    words: Mapping[str, str]

    def moved(self, name: str, factor: float) -> Axis:
        return axis(self.moves[name], {**self.words, "t": "n", "i": "n"}, factor)

    def seen(self, series: Series, fps: float) -> Entry:
        return over_time(series, {**self.words, "t": "frame", "i": "frame"}, fps)


def read_moves(settings: Settings, read: Callable[[str], Series], notes: Notes) -> dict[str, Series]:
    """Read the schedules of translation and rotation. Raises `InputError` if one cannot be read."""
    return {name: read_series(settings, name, "0: (0)", read, notes) for name in FIELDS}


def sections(flight: Flight, screen: Screen, depth: DepthMap | None, notes: Notes) -> dict[str, Mapping[str, Entry]]:
    """The sections `camera` and `depth`; empty if nothing moves."""
    if not any(series.values[1:].any() for series in flight.moves.values()):
        return {}
    fov = _limited(flight.fov, LEAST_FOV, MOST_FOV, "fov", notes)
    aspect = _limited(flight.aspect, _SQUAREST, _LARGEST_ASPECT, "aspect_ratio", notes)
    known = Flight(moves=flight.moves, fov=fov, aspect=aspect, words=flight.words)
    return _flat(known, screen, notes) if depth is None else _room(known, screen, depth, notes)


def _flat(flight: Flight, screen: Screen, notes: Notes) -> dict[str, Mapping[str, Entry]]:
    gains = offsets.gains(flight.fov.values, flight.aspect.values)
    axes = {
        "dolly": flight.moved("translation_z", _DISTANCE),
        "truck": flight.moved("translation_x", _DISTANCE),
        "pedestal": flight.moved("translation_y", _DISTANCE),
        "pan": flight.moved("rotation_3d_y", 1.0),
        "tilt": flight.moved("rotation_3d_x", 1.0),
        "roll": flight.moved("rotation_3d_z", 1.0),
    }
    lost = offsets.unseen(offsets.walls(_steps(axes)), gains)
    axes = _resting(axes, lost, "the picture is turned over or shows what is behind the camera", notes)
    camera: dict[str, Entry] = dict(camera_rates(axes, _steps(axes), gains, screen))
    camera |= {"fov": flight.seen(flight.fov, screen.fps), "projection": "deforum"}
    if (flight.aspect.values != 1).any():
        camera["aspect"] = flight.seen(flight.aspect, screen.fps)
    return {"camera": camera}


def _room(flight: Flight, screen: Screen, depth: DepthMap, notes: Notes) -> dict[str, Mapping[str, Entry]]:
    """A true camera, whose angle of view stays, since in these tools it only makes the steps larger or smaller."""
    gains = offsets.gains(flight.fov.values, flight.aspect.values)
    fov = float(flight.fov.values[min(1, screen.frames - 1)])
    gain = float(offsets.gains(np.array([fov]), np.ones(1))[0, 1])
    across, down = (Series(values=gains[:, number] / gain) for number in (0, 1))
    high = screen.size[1] / screen.size[0]

    def moved(name: str, factor: float, scale: Series) -> Axis:
        if scale.is_constant:
            return flight.moved(name, factor * float(scale.values[-1]))
        return Axis(values=flight.moves[name].values * factor * scale.values)

    axes = {
        "dolly": moved("translation_z", _DISTANCE, down),
        "truck": moved("translation_x", _DISTANCE, across),
        "pedestal": moved("translation_y", _DISTANCE * high, down),
        "pan": moved("rotation_3d_y", 1.0, across),
        "tilt": moved("rotation_3d_x", high, down),
        "roll": moved("rotation_3d_z", 1.0, down),
    }
    far_moves = [np.abs(flight.moves[f"translation_{way}"].values[1:]).sum() for way in "xyz"]
    ahead = far_moves[2] > 0 and far_moves[2] >= far_moves[0] + far_moves[1]
    near, far = (z**2 / gain if ahead else z for z in (depth.near, depth.far))
    turns = np.max([np.abs(axes[name].values) for name in ("pan", "tilt", "roll")], axis=0)
    edge = np.degrees(np.arctan(np.hypot(1, high) / gain))
    lost = (axes["dolly"].values > _NEAREST * near) | (turns > _WIDEST - edge)
    axes = _resting(axes, lost, "the camera drives or turns farther than it sees", notes)
    _tell(flight, screen, depth, "ahead" if ahead else "sideways", notes)
    constant = all((own.values[1:] == own.values[-1]).all() for own in axes.values())
    camera: dict[str, Entry] = dict(
        camera_rates(axes, _steps(axes), gains, screen) if constant else written(axes, screen)
    )
    room: dict[str, Entry] = {"from": depth.model, "near": _short(near), "far": _short(far)}
    return {"camera": camera | {"fov": number(fov)}, "depth": room}


def _tell(flight: Flight, screen: Screen, depth: DepthMap, way: str, notes: Notes) -> None:
    line = (
        f"{depth.told}; here by {depth.model}, and a true camera flies through it. Near and far things move as far as "
        f"there when it drives {way}, only nearly so otherwise"
    )
    notes.add(line, Effect.MOTION)
    if not flight.fov.is_constant:
        notes.add("fov_schedule: the angle of view stays; the steps grow and shrink with it, as there", Effect.MOTION)
    if flight.moves["rotation_3d_z"].values[1:].any() and screen.size[0] != screen.size[1]:
        notes.add(
            "rotation_3d_z: there a picture that is not square is sheared as it rolls; here it turns", Effect.MOTION
        )


def _steps(axes: Mapping[str, Axis]) -> Array:
    shift = np.stack([-axes["truck"].values, axes["pedestal"].values, -axes["dolly"].values], axis=-1)
    return euler_steps(axes["tilt"].values, axes["pan"].values, axes["roll"].values, shift)


def _resting(axes: Mapping[str, Axis], lost: NDArray[np.bool_], why: str, notes: Notes) -> dict[str, Axis]:
    """Let the camera rest in the frames in which it cannot move."""
    lost = lost & (np.arange(len(lost)) > 0)
    if not lost.any():
        return dict(axes)
    which = ", ".join(map(str, np.flatnonzero(lost)[:5])) + (", ..." if lost.sum() > 5 else "")
    notes.add(f"3D: in {int(lost.sum())} frames ({which}) {why}; the camera rests there", Effect.MOTION)
    return {name: Axis(values=np.where(lost, 0.0, own.values)) for name, own in axes.items()}


def _limited(series: Series, low: float, high: float, name: str, notes: Notes) -> Series:
    values = series.values
    inside = np.clip(values, low, high)
    if np.array_equal(values[1:], inside[1:]) and (len(values) < 2 or values[0] == inside[0]):
        return series
    if np.array_equal(values[1:], inside[1:]) and len(values) > 1:
        return Series(values=np.append(values[1], values[1:]))
    notes.add(f"{name}: {values.min():g} to {values.max():g} is limited to {low:g} to {high:g}", Effect.MOTION)
    return Series(values=inside)


def _short(value: float) -> str:
    return f"{value:.4g}"
