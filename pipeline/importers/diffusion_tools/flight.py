"""Carry the 3D mode of Deforum and Disco into `camera:` and, where they warp by depth, `depth:`.

Both move the picture by `pipeline.schedule.over_time.offsets`, which the camera's projection `deforum` repeats exactly.
With depth every pixel of their wall lies at a distance of its own, z, but the view opens from -1 to 1 at any distance,
which is no camera's view. With a gain of 1 / tan(fov / 2) a point at x moves by
    gain * shift / (z - drive)             as the camera moves sideways,
    gain * x * drive / (z * (z - drive))   as it drives ahead,
    gain * turn * (z**2 + x**2) / (z * (z - drive))   as it turns about y,
    gain * turn / (z - drive)              as it rolls, as an angle.
Take a true camera that sees a wall at the middle of the depth, m = sqrt(near * far), from edge to edge, with all
steps times gain / (m - drive). It moves points at z = m alike; at any z sideways if they are at the distance
m * (z - drive) / (m - drive), and ahead if they are at z * (z - drive) / (m - drive). Their view is as high as it is
wide whatever the picture is, as through an anamorphic lens: what that shears and tilts more than ours is motion of the
picture.

Source: deforum-art/sd-webui-deforum, scripts/deforum_helpers/animation.py, anim_frame_warp_3d and
    transform_image_3d_new; alembics/disco-diffusion, disco.py, do_3d_step, and disco_xform_utils.py.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.curves.array import Array
from pipeline.importers.files import Entry
from pipeline.importers.frame import Screen, rates, read_series
from pipeline.importers.motion.camera_3d import (
    Axis,
    axis,
    camera_rates,
    distances,
    euler_steps,
    mean_drive,
    over_time,
    written,
)
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.settings import Settings
from pipeline.importers.values.keys import CAMERA, Keys, number
from pipeline.importers.values.series import Series
from pipeline.schedule.over_time import offsets

FIELDS = tuple(f"{move}_{axis}" for move in ("translation", "rotation_3d") for axis in "xyz")
_FOVS = 1.0, 170.0  # degrees, those of `camera.fov`
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


@dataclass(frozen=True, kw_only=True)
class Flown:
    """The sections `camera` and `depth`, and the motion of the picture beside them."""

    sections: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)
    motion: Mapping[str, Keys] = field(default_factory=dict)


def read_moves(settings: Settings, read: Callable[[str], Series], notes: Notes) -> dict[str, Series]:
    """Read the schedules of translation and rotation. Raises `InputError` if one cannot be read."""
    return {name: read_series(settings, name, "0: (0)", read, notes) for name in FIELDS}


def flown(flight: Flight, screen: Screen, depth: DepthMap | None, notes: Notes) -> Flown:
    """The sections `camera` and `depth`; empty if nothing moves."""
    if not any(series.values[1:].any() for series in flight.moves.values()):
        return Flown()
    fov = _limited(flight.fov, *_FOVS, "fov", notes)
    aspect = _limited(flight.aspect, _SQUAREST, _LARGEST_ASPECT, "aspect_ratio", notes)
    known = Flight(moves=flight.moves, fov=fov, aspect=aspect, words=flight.words)
    return _flat(known, screen, notes) if depth is None else _room(known, screen, depth, notes)


def _flat(flight: Flight, screen: Screen, notes: Notes) -> Flown:
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
    return Flown(sections={"camera": camera})


def _room(flight: Flight, screen: Screen, depth: DepthMap, notes: Notes) -> Flown:
    """A true camera that agrees with the tool's in the middle of its depth, and at both ends where it drives."""
    middle = math.sqrt(depth.near * depth.far)
    wide, high = screen.size
    drive = min(mean_drive(flight.moves["translation_z"].values[1:] * _DISTANCE), _NEAREST * depth.near)
    gains = offsets.gains(flight.fov.values, flight.aspect.values) / (middle - drive)

    def moved(name: str, factor: float, direction: int) -> Axis:
        gain = Series(values=gains[:, direction])
        if gain.is_constant:
            return flight.moved(name, factor * float(gain.values[-1]))
        return Axis(values=flight.moves[name].values * factor * gain.values)

    axes = {
        "dolly": moved("translation_z", _DISTANCE, 1),
        "truck": moved("translation_x", _DISTANCE, 0),
        "pedestal": moved("translation_y", _DISTANCE * high / wide, 1),
        "pan": moved("rotation_3d_y", 1.0, 0),
        "tilt": moved("rotation_3d_x", high / wide, 1),
        "roll": moved("rotation_3d_z", high / wide, 1),
    }
    aside, up, along = (np.abs(flight.moves[f"translation_{axis}"].values[1:]).sum() for axis in "xyz")
    ahead = along > aside + up
    near, far = distances((depth.near, depth.far), drive, ahead=bool(ahead))
    turns = np.max([np.abs(axes[name].values) for name in ("pan", "tilt", "roll")], axis=0)
    edge = math.degrees(math.atan(math.hypot(1, high / wide) / middle))
    lost = (axes["dolly"].values > _NEAREST * near) | (turns > _WIDEST - edge)
    axes = _resting(axes, lost, "the camera drives or turns farther than it sees", notes)
    line = (
        f"{depth.told}; here by {depth.model}, and a true camera flies through it. It agrees with the tool's own "
        f"geometry in the middle of the depth, and where it drives {'ahead' if ahead else 'sideways'} also at its ends"
    )
    notes.add(line, Effect.MOTION)
    fov = number(round(math.degrees(2 * math.atan(1 / middle)), 2))
    room: dict[str, Entry] = {"from": depth.model, "near": f"{near:.4g}", "far": f"{far:.4g}"}
    squeezed = {
        "shear_x": moved("rotation_3d_z", math.radians(high / wide - wide / high), 1),
        "tilt_x": moved("rotation_3d_x", 2 / middle * (1 - (high / wide) ** 2), 1),
    }
    motion = rates({name: (own.values, CAMERA, own.wordings) for name, own in squeezed.items()}, screen.fps)
    return Flown(sections={"camera": {**written(axes, screen), "fov": fov}, "depth": room}, motion=motion)


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
