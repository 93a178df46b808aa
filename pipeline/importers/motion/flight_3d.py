"""Read pytti's 3D motion: expressions of t for how the scene in front of the camera is shifted, and then turned.

pytti warps by the depth that AdaBins estimates, in a way that is a camera's only at one distance: see
`pipeline.importers.diffusion_tools.flight`, whose way is alike. Half the height of the picture is the unit. That it is
shifted before it is turned is not kept.

Convention: x to the right, y down, z back to the viewer. translate_x shifts the scene to the right, translate_y up and
    translate_z_3d to the viewer, in pixels; rotate_3d is a quaternion (w, x, y, z) that turns it then.

Source: pytti-tools/pytti-core, Transforms.py, zoom_3d and render_image_3d.
"""

import math

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.files import Entry
from pipeline.importers.frame import Screen
from pipeline.importers.motion.camera_3d import STILL, Axis, distances, mean_drive, turns, written
from pipeline.importers.motion.zoom_2d import Clock
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.arithmetic import UnreadableError, arithmetic
from pipeline.importers.values.dialects import PYTHON
from pipeline.importers.values.keys import Wording, number

FIELDS = ("translate_x", "translate_y", "translate_z_3d")
MODEL = "depth-anything-v2-small"
_NEAR = 0.1  # of far_plane, at which AdaBins' 10 m lie: where the nearest thing of most pictures is, at 1 m
Section = dict[str, Entry]
_STILL = "[1,0,0,0]"
_LARGEST = 0.8  # share of the nearest distance, of a step ahead
_FLIP = np.diag([1.0, 1.0, -1.0])  # z ahead is ours


def sections(settings: Settings, size: tuple[int, int], clock: Clock, notes: Notes) -> dict[str, Section]:
    """Read the sections `camera` and `depth`; empty if nothing moves."""
    high = math.tan(math.radians(settings.number("field_of_view", 60, 1, 170)) / 2)
    unit = 2 / size[1]  # of a pixel
    moves = {name: _moved(settings, name, unit, clock, notes) for name in FIELDS}
    turn = _turn(settings, clock, notes)
    if not any(own.values[1:].any() for own in moves.values()) and np.allclose(turn[1:], np.eye(3)):
        notes.update([STILL])
        return {}
    axes = {
        "dolly": moves["translate_z_3d"],
        "truck": _against(moves["translate_x"]),
        "pedestal": _against(moves["translate_y"]),
        **{name: Axis(values=values) for name, values in turns(turn).items()},
    }
    screen = Screen(size=size, fps=clock.fps, frames=len(clock.times))
    near, far = _planes(settings, unit)
    middle = math.sqrt(near * far)
    drive = min(mean_drive(axes["dolly"].values[1:]), _LARGEST * near)
    axes = {name: _scaled(own, 1 / high / (middle - drive)) for name, own in axes.items()}
    fov = math.degrees(2 * math.atan(size[0] / size[1] / middle))
    depth = _depth(settings, axes, (near, far), drive, notes)
    camera: dict[str, Entry] = {**written(axes, screen), "fov": number(round(min(max(fov, 1.0), 170.0), 3))}
    return {"camera": camera, "depth": depth}


def _planes(settings: Settings, unit: float) -> tuple[float, float]:
    """The distances of the nearest and the farthest thing in most pictures."""
    near, far = (settings.number(f"{name}_plane", plane, 1e-3, 1e6) for name, plane in (("near", 1), ("far", 10000)))
    first = max(near, _NEAR * far) * unit
    return first, max(far * unit, 1.1 * first)


def _depth(
    settings: Settings, axes: dict[str, Axis], planes: tuple[float, float], drive: float, notes: Notes
) -> Section:
    ahead, aside, up = (np.abs(axes[name].values[1:]).sum() for name in ("dolly", "truck", "pedestal"))
    drives = ahead > aside + up
    first, last = distances(planes, drive, ahead=bool(drives))
    line = (
        f"animation_mode 3D: pytti estimates depth by AdaBins; here by {MODEL}, and a true camera flies through it. It "
        "agrees with pytti's own geometry in the middle of the depth, and where it drives "
        f"{'ahead' if drives else 'sideways'} also at its ends"
    )
    notes.add(line, Effect.MOTION)
    if settings.flag("lock_camera", True):
        line = "lock_camera: pytti takes the mean shift of the picture out of every frame; here the camera moves freely"
        notes.add(line, Effect.MOTION)
    return {"from": MODEL, "near": f"{first:.4g}", "far": f"{last:.4g}"}


def _scaled(own: Axis, factor: float) -> Axis:
    scale = number(factor)
    wordings = [Wording(start=each.start, stop=each.stop, text=f"{scale} * ({each.text})") for each in own.wordings]
    return Axis(values=own.values * float(scale), wordings=wordings)


def _moved(settings: Settings, name: str, unit: float, clock: Clock, notes: Notes) -> Axis:
    text = settings.text(name, "0")
    try:
        expression = arithmetic(text, PYTHON)
        values = clock.values(expression)
    except UnreadableError as error:
        notes.add(f"{name} = {shown(text)}: {error}; it is ignored", Effect.MOTION)
        return Axis(values=np.zeros_like(clock.times))
    ours = expression.written(clock.words("n"))
    whole = [] if ours is None else [Wording(start=0, stop=len(values), text=f"{number(unit)} * ({ours})")]
    return Axis(values=values * float(number(unit)), wordings=() if (values[1:] == values[-1]).all() else whole)


def _against(own: Axis) -> Axis:
    wordings = [Wording(start=each.start, stop=each.stop, text=f"-{each.text}") for each in own.wordings]
    return Axis(values=-own.values, wordings=wordings)


def _turn(settings: Settings, clock: Clock, notes: Notes) -> Array:
    """The rotations of the scene (n, 3, 3) in our convention."""
    written_as = settings.read("rotate_3d", _STILL)
    text = str(written_as).strip()
    still = np.broadcast_to(np.eye(3), (len(clock.times), 3, 3))
    if "".join(text.split()) == _STILL:
        return still
    try:
        parts = _parts(text)
        quaternion = np.stack([clock.values(arithmetic(part, PYTHON)) for part in parts], axis=-1)
        length = np.linalg.norm(quaternion, axis=-1)
        if not (length > 1e-9).all():
            raise UnreadableError("a quaternion of 0")
    except UnreadableError as error:
        notes.add(f"rotate_3d = {shown(text)}: {error}; it is ignored", Effect.MOTION)
        return still
    if np.abs(length[1:] - 1).max(initial=0.0) > 1e-3:
        line = "rotate_3d: its length is not 1, which also scales the scene in pytti; only the rotation is used"
        notes.add(line, Effect.MOTION)
    found: Array = _FLIP @ _matrices(quaternion / length[:, None]) @ _FLIP
    return found


def _parts(text: str) -> list[str]:
    """Split a list of four expressions."""
    parts, depth = [""], 0
    for character in text.removeprefix("[").removesuffix("]"):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    if len(parts) != 4:
        raise UnreadableError("expected a quaternion such as [1, 0, 0, 0]")
    return parts


def _matrices(quaternion: Array) -> Array:
    """The rotation matrices (n, 3, 3) of unit quaternions (n, 4), w first."""
    w, x, y, z = quaternion.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
