"""Turn decoded frames into pixels: scaled, upright, in sRGB."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.files.videos.colours import Light, levels_of
from render.files.videos.filters import filtering
from render.files.videos.hdr import shown

_EXACT = "flags=lanczos+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"  # the same on every processor
_UPRIGHT = (1.0, 0.0, 0.0, 1.0)

Frame = NDArray[np.uint8]
Size = tuple[int, int]
Orientation = tuple[float, float, float, float]
"""Where a picture's x axis points on the screen, right and down, then its y axis."""


def orientation(frame: Any) -> Orientation:
    """Return how a frame is to be turned: the part of its display matrix that turns and mirrors it."""
    for data in frame.side_data:
        if data.type.name == "DISPLAYMATRIX":
            a, b, _, c, d = np.frombuffer(bytes(data), dtype=np.int32, count=5).tolist()
            return a / 65536, b / 65536, c / 65536, d / 65536
    return _UPRIGHT


def quarter_turn(turn: Orientation) -> bool:
    """Whether width and height change places."""
    return abs(turn[1]) > abs(turn[0])


class Pixels:
    """Makes pictures of decoded frames; what was set up for one is used for the next of its kind."""

    def __init__(self, turn: Orientation, light: Light) -> None:
        self._turn, self._light = turn, light
        self._kind: object = None
        self._graph: Any = None

    def of(self, frame: Any, size: Size) -> Frame:
        """Scale a frame to (width, height), and turn it: (height, width, 3)."""
        kind = (frame.width, frame.height, frame.format.name, size, levels_of(frame))
        if kind != self._kind:
            width, height = size[::-1] if quarter_turn(self._turn) else size
            self._graph = _scaling(frame, (width, height), "rgb48le" if self._light.is_wide else "rgb24")
            self._kind = kind
        self._graph.push(frame)
        levels = self._graph.pull().to_ndarray()
        return np.ascontiguousarray(_turned(shown(levels, self._light) if self._light.is_wide else levels, self._turn))


def _scaling(frame: Any, size: Size, form: str) -> Any:
    found = levels_of(frame)
    matrix = f":in_color_matrix={found.matrix}:in_range={'pc' if found.full else 'tv'}" if found.matrix else ""
    return filtering(frame, ("scale", f"{size[0]}:{size[1]}:{_EXACT}{matrix}:out_range=pc"), ("format", form))


def _turned(pixels: NDArray[Any], turn: Orientation) -> NDArray[Any]:
    """Turn a picture by quarters and mirror it, as its display matrix tells."""
    if quarter_turn(turn):
        pixels, across, down = pixels.swapaxes(0, 1), turn[2], turn[1]
    else:
        across, down = turn[0], turn[3]
    return pixels[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]
