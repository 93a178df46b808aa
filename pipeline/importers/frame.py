"""Read what most importers need: size, seed, and 2D motion as rates that give the tool's own matrix in every frame."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.curves.array import Array
from pipeline.importers.notes import Effect, Note, Notes
from pipeline.importers.settings import Settings, shown
from pipeline.importers.values import keys
from pipeline.importers.values.arithmetic import UnreadableError
from pipeline.importers.values.keys import PAN, ROTATE, ZOOM, Keys, Wording, rate_keys
from pipeline.importers.values.series import Series, constant
from pipeline.importers.values.similarity import flow, moves

STRIDE = 8  # the stride of the embedded model, in pixels
SMALLEST, LARGEST = 16, 8192  # the range of a side, in pixels


@dataclass(frozen=True, kw_only=True)
class Screen:
    """The tool's video: (width, height) in pixels, frames a second, number of frames."""

    size: tuple[int, int]
    fps: float
    frames: int


@dataclass(frozen=True, kw_only=True)
class Camera:
    """The tool's moves of the previous picture in every frame: shift it, then rotate and scale it about a point.

    Attributes:
        zoom: a factor; `angle` in degrees; `right` and `down` in pixels.
        names: maps each name in the expressions to ours.
    """

    screen: Screen
    zoom: Series
    angle: Series
    right: Series
    down: Series
    names: Mapping[str, str]

    def rates(self) -> dict[str, Keys]:
        """The rates that give the tool's own moves in every frame. Transforms that never move are left out."""
        before = self.right.values + 1j * self.down.values
        found = moves(self.zoom.values, self.angle.values, before, np.zeros_like(before))
        width, height = self.screen.size
        series: dict[str, tuple[Array, keys.Kind, Sequence[Wording]]] = {
            "zoom": (found.zoom, ZOOM, self._wordings(self.zoom)),
            "rotate": (found.rotate, ROTATE, self._wordings(self.angle)),
            "pan_x": (100 / width * found.right, PAN, self._shifts(100 / width, self.right, self.down, 1)),
            "pan_y": (100 / height * found.down, PAN, self._shifts(100 / height, self.down, self.right, -1)),
        }
        return rates(series, self.screen.fps)

    def _wordings(self, series: Series, factor: str = "") -> list[Wording]:
        return wordings(series, self.names, factor)

    def _shifts(self, percent: float, own: Series, other: Series, sign: int) -> list[Wording]:
        """Write a shift in percent as one expression. The list is empty unless zoom and angle are constant."""
        if not (self.zoom.is_constant and self.angle.is_constant):
            return []
        generator = np.array([np.log(abs(self.zoom.values[-1])) - 1j * np.radians(self.angle.values[-1])])
        ratio = complex(flow(generator, np.exp(generator))[0])
        across = -sign * ratio.imag
        if not other.values.any() or abs(across) < 1e-15:
            return self._wordings(own, keys.number(percent * ratio.real))
        texts = [self._whole(series) for series in (own, other)]
        if None in texts:
            return []
        factors = [keys.number(percent * part) for part in (ratio.real, across)]
        text = " + ".join(f"{factor} * ({text})" for factor, text in zip(factors, texts, strict=True))
        return [Wording(start=0, stop=len(own.values), text=text)]

    def _whole(self, series: Series) -> str | None:
        """The expression that gives the series in all frames; None if there is no single one."""
        if series.is_constant:
            return keys.number(series.values[-1])
        wordings = self._wordings(series)
        return wordings[0].text if len(wordings) == 1 and wordings[0].stop == len(series.values) else None


def wordings(series: Series, names: Mapping[str, str], factor: str = "") -> list[Wording]:
    """The expressions of a series in our language, as far as it can express them; `names` maps theirs to ours."""
    found = []
    for piece in series.pieces:
        text = piece.expression.written(names)
        if text is not None:
            scaled = f"{factor} * ({text})" if factor else text
            found.append(Wording(start=piece.start, stop=piece.stop, text=scaled))
    return found


def read_motion_2d(
    settings: Settings,
    screen: Screen,
    read: Callable[[str], Series],
    names: Mapping[str, str],
    notes: Notes,
    *,
    shifts: bool = True,
) -> dict[str, Keys]:
    """Read zoom, angle and translation in the form shared by Deforum and similar tools, and return them as rates.

    Args:
        read: reads one of their keyframe strings.
        shifts: whether the translation is used.
        names: maps each name in their expressions to ours.

    Raises:
        InputError: one of them cannot be read, or the zoom is 0.
    """

    def series(name: str, default: str) -> Series:
        return read_series(settings, name, default, read, notes)

    right, down = series("translation_x", "0: (0)"), series("translation_y", "0: (0)")
    camera = Camera(
        screen=screen,
        names=names,
        zoom=series("zoom", "0: (1)"),
        angle=series("angle", "0: (0)"),
        right=right if shifts else constant(0, screen.frames),
        down=down if shifts else constant(0, screen.frames),
    )
    try:
        return camera.rates()
    except UnreadableError as error:
        raise settings.error("zoom", str(error)) from None


def read_series(settings: Settings, name: str, default: str, read: Callable[[str], Series], notes: Notes) -> Series:
    """Read a keyframe string and report which parts were ignored. Raises `InputError` with the setting's name."""
    try:
        series = read(settings.keyframes(name, default))
    except UnreadableError as error:
        raise settings.error(name, str(error)) from None
    notes.update(Note(f"{name}: {note}", Effect.MOTION) for note in series.notes)
    return series


def read_seed(settings: Settings, notes: Notes, default: int = -1, names: Sequence[str] = ("seed",)) -> int:
    """Read the seed. If the tool would draw one at random, it is 0; out of our range, it is changed. Both are reported.

    Args:
        default: the tool's default seed; -1 if it draws one at random.
        names: the names of the setting; the first one that holds a number is used.
    """
    given = [settings.read(name) for name in names]
    written = [value for value in given if value is not None and str(value).strip() not in ("", "random_seed")]
    numbers = [number for number in map(_whole, written) if number is not None]
    value = next(iter(numbers), next(iter(written), default))
    if not isinstance(value, int) or isinstance(value, bool) or value == -1:
        why = "the seed was random" if value == -1 else f"seed {shown(value)} is not a whole number"
        notes.add(f"{why}; 0 is used")
        return 0
    seed = abs(value) % 2**63
    if seed != value:
        notes.add(f"seed {shown(str(value))} is not between 0 and {2**63 - 1}; {seed} is used")
    return seed


def _whole(value: object) -> int | None:
    """The value as a whole number, also from a text or a float; None if it is anything else."""
    if isinstance(value, str) and re.fullmatch(r"\s*[-+]?[0-9]{1,40}(\.0*)?\s*", value):
        return int(value.split(".")[0])
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e40:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def rates(series: Mapping[str, tuple[Array, keys.Kind, Sequence[Wording]]], fps: float) -> dict[str, Keys]:
    """Write keys for every transform that moves in any frame after the first."""
    return {
        name: rate_keys(values, kind, fps, wordings)
        for name, (values, kind, wordings) in series.items()
        if np.any(np.abs(kind.scale(values[1:])) > 1e-14)
    }


def round_size(size: tuple[int, int], multiple: int, tool: str, notes: Notes) -> tuple[int, int]:
    """Round the requested size down as the tool itself does; a change is reported."""
    width, height = (max(multiple, side // multiple * multiple) for side in size)
    if (width, height) != size:
        line = f"size {size[0]}x{size[1]} becomes {width}x{height}, multiples of {multiple}, as in {tool}"
        notes.add(line, Effect.SIZE)
    return width, height


def fit_size(width: int, height: int, notes: Notes) -> tuple[int, int]:
    """Round down to a size that the embedded model can draw; a change is reported."""
    size = (max(SMALLEST, width - width % STRIDE), max(SMALLEST, height - height % STRIDE))
    if size != (width, height):
        notes.add(f"size {width}x{height} becomes {size[0]}x{size[1]}, multiples of {STRIDE}", Effect.SIZE)
    return size


def pixel_center(share: Series, side: int) -> Keys:
    """The point `share * side` pixels from the centre of the first pixel, as a share of the way to that of the last."""
    return keys.value_keys(share.values * side / (side - 1))
