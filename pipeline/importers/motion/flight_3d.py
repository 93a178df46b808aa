"""Read pytti's 3D motion: expressions of t for how the scene in front of the camera is shifted, and then turned.

pytti warps by the depth that AdaBins estimates. Its geometry is a camera's only at the distance 1 / tan(fov / 2), of
which half the height of the picture is the unit; see `pipeline.importers.diffusion_tools.flight`, which is alike.

Convention: x to the right, y down, z back to the viewer. translate_x shifts the scene to the right, translate_y up and
    translate_z_3d to the viewer, in pixels; rotate_3d is a quaternion (w, x, y, z) that turns it then.

Source: pytti-tools/pytti-core, Transforms.py, zoom_3d and render_image_3d.
"""

import math

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.diffusion_tools.flight import STILL
from pipeline.importers.files import Entry
from pipeline.importers.frame import Screen
from pipeline.importers.motion.camera_3d import Axis, camera_rates, turns, written
from pipeline.importers.motion.zoom_2d import Clock
from pipeline.importers.notes import Effect, Notes
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.arithmetic import UnreadableError, arithmetic
from pipeline.importers.values.dialects import PYTHON
from pipeline.importers.values.keys import Wording, number

FIELDS = ("translate_x", "translate_y", "translate_z_3d")
MODEL = "depth-anything-v2-small"
_NEAR = 0.1  # of far_plane, at which AdaBins' 10 m lie: where the nearest thing of most pictures is, at 1 m
_STILL = "[1,0,0,0]"
_FLIP = np.diag([1.0, 1.0, -1.0])  # z ahead is ours


def sections(settings: Settings, size: tuple[int, int], clock: Clock, notes: Notes) -> dict[str, dict[str, Entry]]:
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
    gains = np.full((screen.frames, 2), 1 / high)
    constant = all((own.values[1:] == own.values[-1]).all() for own in axes.values())
    rates = camera_rates(axes, _steps(axes, turn), gains, screen) if constant else written(axes, screen)
    wide = math.degrees(2 * math.atan(high * size[0] / size[1]))
    depth = _depth(settings, axes, 1 / high, unit, notes)
    return {"camera": {**rates, "fov": number(min(wide, 170.0))}, "depth": depth}


def _depth(settings: Settings, axes: dict[str, Axis], gain: float, unit: float, notes: Notes) -> dict[str, Entry]:
    near, far = (settings.number(f"{name}_plane", plane, 1e-3, 1e9) for name, plane in (("near", 1), ("far", 10000)))
    ahead, aside, up = (np.abs(axes[name].values[1:]).sum() for name in ("dolly", "truck", "pedestal"))
    by_drive = ahead > 0 and ahead >= aside + up
    distances = (max(near, _NEAR * far) * unit, far * unit)
    first, last = (z**2 / gain if by_drive else z for z in distances)
    last = max(last, 1.1 * first)
    way = "ahead" if by_drive else "sideways"
    line = f"animation_mode 3D: pytti estimates depth by AdaBins; here by {MODEL}, and a true camera flies through it"
    notes.add(f"{line}; the depth of the planes is kept for driving {way}", Effect.MOTION)
    if settings.flag("lock_camera", True):
        line = "lock_camera: pytti takes the mean shift of the picture out of every frame; here the camera moves freely"
        notes.add(line, Effect.MOTION)
    return {"from": MODEL, "near": f"{min(max(first, 1e-3), 1e5):.4g}", "far": f"{min(max(last, 2e-3), 1e6):.4g}"}


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


def _steps(axes: dict[str, Axis], turn: Array) -> Array:
    """The steps (n, 4, 4): the scene is shifted, then turned."""
    shift = np.stack([-axes["truck"].values, axes["pedestal"].values, -axes["dolly"].values], axis=-1)
    found = np.zeros((len(shift), 4, 4))
    found[:, :3, :3] = turn
    found[:, :3, 3] = np.einsum("nij,nj->ni", turn, shift)
    found[:, 3, 3] = 1.0
    return found
