"""Read the moves of a feedback loop: a shell loop that moves its last picture with ImageMagick and refines it again.

Convention of ImageMagick: `-distort SRT` takes `Angle`, `Scale,Angle`, `X,Y,Angle`, `X,Y,Scale,Angle`,
    `X,Y,ScaleX,ScaleY,Angle`, the last two optionally followed by `,NewX,NewY`; X, Y is the centre of
    rotation in pixels from the upper left corner, by default the middle; positive angles turn clockwise.

Source: ImageMagick, "Distorting Images", Scale-Rotate-Translate.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.importers.notes import Notes
from pipeline.importers.scripts.shell import Command
from pipeline.importers.scripts.variables import Expanded
from pipeline.importers.settings import shown
from pipeline.importers.values.similarity import Complex

_PROGRAMS = ("convert", "magick", "mogrify", "convert.exe", "magick.exe", "mogrify.exe")
_BORDERS = {"edge": "edge", "mirror": "reflect", "tile": "wrap", "black": "black", "background": "black"}
_HARMLESS = {"-gravity", "-filter", "-interpolate", "-quality", "-depth", "-strip", "+repage", "-verbose", "-define"}
_VALUED = {"-gravity", "-filter", "-interpolate", "-quality", "-depth", "-define", "-virtual-pixel", "-distort"}
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


class FeedbackError(Exception):
    """Raised for a command between two pictures that cannot be read; the message names its line."""


@dataclass(frozen=True, kw_only=True)
class Distortion:
    """z -> scale * e^(i turn) * z + shift for every picture, about the middle, y down; `turn` in degrees clockwise."""

    scale: float = 1.0
    turn: float = 0.0
    shift: complex = 0j

    def then(self, after: "Distortion") -> "Distortion":
        factor = after.scale * np.exp(1j * np.radians(after.turn))
        return Distortion(
            scale=self.scale * after.scale,
            turn=self.turn + after.turn,
            shift=complex(factor * self.shift) + after.shift,
        )


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """The moves before each frame: zoom as a factor, angle in degrees counter-clockwise, shift in pixels."""

    zoom: NDArray[np.float64]
    angle: NDArray[np.float64]
    shift: Complex
    border: str


def runs_imagemagick(command: Command) -> bool:
    """Whether a command runs ImageMagick's convert, magick or mogrify."""
    words = [word.text for word in command.words]
    name = words[0].replace("\\", "/").rsplit("/", 1)[-1].lower().lstrip("!@")
    return name in _PROGRAMS


def read_feedback(
    before: Sequence[Command], turn: Sequence[Command], count: int, size: tuple[int, int], notes: Notes
) -> Feedback:
    """Read the moves of a loop.

    Args:
        before: the ImageMagick commands between a first picture outside the loop and the loop; empty without one.
        turn: the ImageMagick commands of one turn, in the order in which they run between two pictures.
        count: the number of frames.

    Raises:
        FeedbackError: a distortion cannot be read.
    """
    borders: dict[str, None] = {}
    each = _composed(turn, size, notes, borders)
    first = _composed(before, size, notes, borders)
    moves = [Distortion(), first, *[each] * max(count - 2, 0)][:count]
    if len(borders) > 1:
        notes.add(f"-virtual-pixel {' and '.join(borders)}: the first one is used throughout")
    return Feedback(
        zoom=np.array([move.scale for move in moves]),
        angle=np.array([-move.turn for move in moves]),
        shift=np.array([move.shift for move in moves], dtype=np.complex128),
        border=next(iter(borders), "edge"),
    )


def _composed(commands: Sequence[Command], size: tuple[int, int], notes: Notes, borders: dict[str, None]) -> Distortion:
    whole = Distortion()
    for command in commands:
        for distortion in _distortions(command, size, notes, borders):
            whole = whole.then(distortion)
    return whole


def _distortions(command: Command, size: tuple[int, int], notes: Notes, borders: dict[str, None]) -> list[Distortion]:
    """Read the distortions of one command in order; every other operator is reported."""
    found: list[Distortion] = []
    words = command.words[1:]
    border = "edge"
    at = 0
    while at < len(words):
        name = words[at].text
        values = words[at + 1 : at + 2]
        if name == "-virtual-pixel" and values:
            border = _BORDERS.get(values[0].text.lower(), "")
            if not border:
                notes.add(f"-virtual-pixel {shown(values[0].text)}: edge is used instead")
                border = "edge"
        elif name in ("-distort", "+distort") and len(words) > at + 2:
            if values[0].text.lower() in ("srt", "scalerotatetranslate"):
                found.append(_distortion(words[at + 2], size))
            else:
                notes.add(f"line {command.line}: -distort {shown(values[0].text)}: only SRT is converted")
            at += 1
        elif re.match(r"[-+][A-Za-z]", name) and name not in _HARMLESS:
            notes.add(f"line {command.line}: ImageMagick's {shown(name)} between the pictures is not converted")
        at += 2 if name in _VALUED else 1
    if found:
        borders[border] = None
    return found


def _distortion(word: Expanded, size: tuple[int, int]) -> Distortion:
    if word.unknown:
        raise FeedbackError(f"line {word.line}: -distort SRT: {word.unknown[0]}; write its value in the file")
    texts = re.split(r"[\s,]+", word.text.strip(" ,"))
    if not 1 <= len(texts) <= 7 or not all(map(_NUMBER.fullmatch, texts)):
        raise FeedbackError(f"line {word.line}: -distort SRT: expected numbers such as 1.01,2, got {shown(word.text)}")
    numbers = [float(text) for text in texts]
    middle = complex(size[0] / 2, size[1] / 2)
    about, scales, angle, moved = _arguments(numbers, middle)
    if not all(np.isfinite(numbers)) or max(map(abs, numbers)) > 1e6 or not 1e-3 <= abs(scales[0]) <= 1e3:
        raise FeedbackError(f"line {word.line}: -distort SRT {shown(word.text)}: out of range")
    if scales[0] != scales[1]:
        raise FeedbackError(
            f"line {word.line}: -distort SRT {shown(word.text)}: two different scales cannot be converted"
        )
    factor = scales[0] * np.exp(1j * np.radians(angle))
    return Distortion(scale=scales[0], turn=angle, shift=complex(moved - middle - factor * (about - middle)))


def _arguments(numbers: list[float], middle: complex) -> tuple[complex, tuple[float, float], float, complex]:
    """Interpret the arguments: the centre of rotation, the scales, the angle, and where the centre moves to."""
    count = len(numbers)
    if count < 3:
        scale = numbers[0] if count == 2 else 1.0
        return middle, (scale, scale), numbers[-1], middle
    about = complex(numbers[0], numbers[1])
    if count == 3:
        return about, (1.0, 1.0), numbers[2], about
    moved = complex(numbers[-2], numbers[-1]) if count > 5 else about
    scales = (numbers[2], numbers[3] if count in (5, 7) else numbers[2])
    return about, scales, numbers[4 if count in (5, 7) else 3], moved
