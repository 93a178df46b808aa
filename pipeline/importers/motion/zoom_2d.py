"""Read pytti's 2D motion: expressions of t for where in the previous picture each pixel comes from.

Source: pytti-tools/pytti-core, Transforms.py, `zoom_2d`. What differs: it works in coordinates from -1 to
    1, so different factors for width and height stretch the picture, and a rotation shears a picture that
    is not square. Our moves are similarities: the closest one is used, and the error is reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.frame import rates
from pipeline.importers.notes import Notes
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values.arithmetic import Arithmetic, UnreadableError, arithmetic
from pipeline.importers.values.dialects import PYTHON
from pipeline.importers.values.keys import PAN, ROTATE, ZOOM, Keys, Kind, Wording, number
from pipeline.importers.values.series import LARGEST
from pipeline.importers.values.similarity import flow

FIELDS = ("translate_x", "translate_y", "rotate_2d", "zoom_x_2d", "zoom_y_2d")


@dataclass(frozen=True, kw_only=True)
class Clock:
    """How many steps make a frame: the first frame takes `before` steps, every other one `steps`.

    Attributes:
        begins: the first step of each frame.
        times: t at that step, in seconds.
    """

    fps: float
    before: int
    steps: int
    begins: Array
    times: Array

    def values(self, expression: Arithmetic) -> Array:
        """Evaluate the expression at every frame. Raises `UnreadableError` if it has no value at one."""
        values = np.broadcast_to(expression.values({"t": self.times}), self.times.shape)
        unsound = ~(np.abs(values) <= LARGEST)
        if unsound.any():
            raise UnreadableError(f"has no usable value at frame {int(unsound.argmax())}")
        return values

    def words(self, frame: str) -> dict[str, str]:
        """Map each name in an expression to our language; `frame` is the frame number as written there."""
        return {"t": f"({frame} - 1) / fps", "pi": "pi", "tau": "tau", "e": "e"}


@dataclass(frozen=True, kw_only=True)
class _Field:
    """A field's value in every frame, and its expression of `n` in our language; None if it is constant."""

    values: Array
    text: str | None


def motion(settings: Settings, size: tuple[int, int], clock: Clock, notes: Notes) -> dict[str, Keys]:
    """Read the rates of the mode 2D in a picture of `size` pixels. Raises `InputError` if the picture vanishes."""
    fields = {name: _field(settings, name, clock, notes) for name in FIELDS}
    width, height = size
    across, along = (1 - fields[f"zoom_{axis}_2d"].values / side for axis, side in zip("xy", size, strict=True))
    if (across <= 0).any() or (along <= 0).any():
        raise settings.error("zoom_x_2d", "shrinks the picture to nothing or turns it over")
    angle = fields["rotate_2d"].values
    # pytti computes where each pixel comes from; the motion of the picture is the inverse.
    generator = -(np.log(across) + np.log(along)) / 2 - 1j * np.radians(angle)
    right = fields["translate_x"].values * (width - 1) / width
    down = -fields["translate_y"].values * (height - 1) / height
    speed = flow(generator, np.exp(generator) * (right + 1j * down))
    _report_difference(across, along, angle, size, notes)
    # Without rotation and with a constant zoom, a shift is only scaled.
    alike = bool(np.all(generator[1:] == generator[-1].real))
    ratio = float(flow(generator[-1:], np.exp(generator[-1:])).real[0])
    percent = [100 * (side - 1) / side**2 * ratio for side in size]
    series: dict[str, tuple[Array, Kind, Sequence[Wording]]] = {
        "zoom": (np.exp(generator.real), ZOOM, _wording(fields["zoom_x_2d"], f"1 / (1 - ({{}}) / {width})")),
        "rotate": (angle, ROTATE, _wording(fields["rotate_2d"], "{}")),
        "pan_x": (100 * speed.real / width, PAN, _shift(fields["translate_x"], percent[0], alike)),
        "pan_y": (100 * speed.imag / height, PAN, _shift(fields["translate_y"], -percent[1], alike)),
    }
    return rates(series, clock.fps)


def _field(settings: Settings, name: str, clock: Clock, notes: Notes) -> _Field:
    text = settings.text(name, "0")
    try:
        expression = arithmetic(text, PYTHON)
        values = clock.values(expression)
    except UnreadableError as error:
        notes.add(f"{name} = {shown(text)}: {error}; it is ignored")
        return _Field(values=np.zeros_like(clock.times), text=None)
    constant = bool(np.all(values[1:] == values[-1]))
    return _Field(values=values, text=None if constant else expression.written(clock.words("n")))


def _wording(field: _Field, form: str) -> Sequence[Wording]:
    return [] if field.text is None else [Wording(start=0, stop=len(field.values), text=form.format(field.text))]


def _shift(field: _Field, percent: float, alike: bool) -> Sequence[Wording]:
    return _wording(field, f"{number(percent)} * ({{}})") if alike else []


def _report_difference(across: Array, along: Array, angle: Array, size: tuple[int, int], notes: Notes) -> None:
    """Report the error at the picture's corners, in pixels, if pytti stretches or shears it."""
    half = (np.array(size) - 1) / 2
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    ratio = half[0] / half[1]
    scale = np.sqrt(across * along)
    theirs = np.array([[across * cos, -along * sin * ratio], [across * sin / ratio, along * cos]])
    ours = scale * np.array([[cos, -sin], [sin, cos]])
    corners = np.array([half, half * [1, -1]])
    off = np.einsum("ijf,cj->cif", theirs - ours, corners)[..., 1:]
    furthest = float(np.linalg.norm(off, axis=1).max()) if off.size else 0.0
    if furthest > 1e-6:
        notes.add(
            "zoom_x_2d, zoom_y_2d, rotate_2d: pytti stretches or shears the picture; the nearest zoom and rotation "
            f"are used, up to {furthest:.3g} pixels a frame off at its corners"
        )
