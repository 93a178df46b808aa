"""What the numbers of a decoded frame mean: matrix and range of YUV, primaries, and high dynamic range.

Numbers are those of ITU-T H.273, which FFmpeg uses as they are.
"""

from dataclasses import dataclass
from typing import Any

_MATRICES = {1: "bt709", 4: "fcc", 5: "smpte170m", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_PQ, _HLG = 16, 18
_BT2020, _P3_D65 = 9, 12
_FULL = 2
_RGB = 0


@dataclass(frozen=True, kw_only=True)
class Levels:
    """How a frame's numbers become RGB.

    Attributes:
        matrix: FFmpeg's name of the YUV matrix; empty for RGB.
        full: whether all levels are used, not 16 to 235.
    """

    matrix: str
    full: bool


@dataclass(frozen=True, kw_only=True)
class Light:
    """How RGB becomes light.

    Attributes:
        transfer: "pq" or "hlg" for high dynamic range, else "" for what is shown as sRGB.
        primaries: "bt2020", "p3" or "" for what is shown as sRGB.
    """

    transfer: str = ""
    primaries: str = ""

    @property
    def is_wide(self) -> bool:
        """Whether it is more than sRGB."""
        return bool(self.transfer or self.primaries)


def levels_of(frame: Any) -> Levels:
    """Read the tags of a decoded frame.

    Without a tag the matrix is BT.709 for pictures wider than 1,279 or higher than 576 pixels and BT.601 for smaller
    ones, as players guess it.
    """
    space = int(frame.colorspace)
    if frame.format.is_rgb or space == _RGB:
        return Levels(matrix="", full=True)
    is_large = frame.width >= 1280 or frame.height > 576
    matrix = _MATRICES.get(space, "bt709" if is_large else "smpte170m")
    return Levels(matrix=matrix, full=int(frame.color_range) == _FULL or frame.format.name.startswith("yuvj"))


def light_of(context: Any) -> Light:
    """Read the tags of a stream. BT.709's and BT.601's transfer and primaries are shown as sRGB, as players do."""
    return Light(
        transfer={_PQ: "pq", _HLG: "hlg"}.get(int(context.color_trc), ""),
        primaries={_BT2020: "bt2020", _P3_D65: "p3"}.get(int(context.color_primaries), ""),
    )
