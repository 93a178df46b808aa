"""What the first frame of a clip tells about how it is shown."""

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from render.errors import InputError
from render.files.videos.colours import Light, light_of
from render.files.videos.decoding import decoded
from render.files.videos.index import Index, read_index
from render.files.videos.opening import opened, require_size
from render.files.videos.pixels import Orientation, Size, orientation, quarter_turn

_MOST_STRETCHED = 10  # how much wider a pixel may be than high, or the other way round

_TRANSFERS = {"pq": "it is HDR (PQ, BT.2100)", "hlg": "it is HDR (HLG, BT.2100)"}
_GAMUTS = {"bt2020": "its colours are those of BT.2020", "p3": "its colours are those of Display P3"}


@dataclass(frozen=True, kw_only=True)
class Look:
    """How the frames of a clip are shown.

    Attributes:
        size: (width, height), upright and with square pixels.
        turn: how they are turned.
        interlaced: whether they hold two moments in alternate lines.
        light: what their levels mean.
        remarks: see `render.files.videos.clips.ClipFacts`.
    """

    size: Size
    turn: Orientation
    interlaced: bool
    light: Light
    remarks: tuple[str, ...]


def look(path: Path) -> tuple[Index, Look]:
    """Read a clip's packets and decode its first frame.

    Raises:
        InputError: see `render.files.videos.clips.facts`.
    """
    with opened(path) as (container, stream):
        index = read_index(path, container, stream)
        stretch = Fraction(stream.sample_aspect_ratio or 1)
        light = light_of(stream.codec_context)
    _, frame = next(decoded(path, index, index.keys[0], interlaced=False), (0, None))
    if frame is None:
        raise InputError(f"{path}: none of its frames can be decoded; is the file damaged?")
    turn = orientation(frame)
    return index, Look(
        size=_shown(path, (frame.width, frame.height), stretch, turn),
        turn=turn,
        interlaced=frame.interlaced_frame,
        light=light,
        remarks=tuple(_remarks(frame, light, stretch, turn)),
    )


def _shown(path: Path, size: Size, stretch: Fraction, turn: Orientation) -> Size:
    """The size with square pixels, enlarged in one direction so that none is lost, then upright."""
    if not 1 <= stretch * _MOST_STRETCHED <= _MOST_STRETCHED**2:
        raise InputError(f"{path}: its pixels are {stretch} times as wide as high; expected at most {_MOST_STRETCHED}")
    width = round(size[0] * max(stretch, Fraction(1)))
    height = round(size[1] / min(stretch, Fraction(1)))
    require_size(path, width, height)
    return (height, width) if quarter_turn(turn) else (width, height)


def _remarks(frame: Any, light: Light, stretch: Fraction, turn: Orientation) -> list[str]:
    remarks = []
    if frame.interlaced_frame:
        remarks.append("it is interlaced; every frame is deinterlaced, at the same rate")
    if light.transfer:
        remarks.append(f"{_TRANSFERS[light.transfer]}; its range is rolled off to that of sRGB")
    elif light.primaries:
        remarks.append(f"{_GAMUTS[light.primaries]}; they are converted to sRGB")
    if any(component.is_alpha for component in frame.format.components):
        remarks.append("it has transparency, which is not read")
    if stretch != 1:
        remarks.append(f"its pixels are {stretch} times as wide as high; they are made square")
    if min(abs(turn[0]), abs(turn[1])) > 0.01:
        degrees = math.degrees(math.atan2(turn[1], turn[0]))
        remarks.append(f"it asks to be turned by {degrees:.0f} degrees; it is turned by quarters only")
    return remarks
