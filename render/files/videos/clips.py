"""Read clips: what is in them, and their frames by number."""

import functools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.errors import InputError
from render.files.videos.decoding import DamagedError, decoded
from render.files.videos.index import Index
from render.files.videos.look import Look, look
from render.files.videos.pixels import Frame, Pixels, Size
from render.files.videos.rates import constant_rate

RECENT = 4  # frames that were asked for and are kept for going back, or for another size
AHEAD = 8  # frames that are rather decoded than skipped by seeking

Times = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipFacts:
    """What a clip is.

    Attributes:
        size: (width, height) as shown: upright, and with square pixels.
        times: when each frame begins, in the order in which they are shown, in seconds from the first.
        length: seconds from the first frame to the end of the last.
        fps: frames per second, on average.
        constant: whether all frames last equally long.
        has_sound: whether there is sound.
        sound_from: when the sound begins, in seconds from the first picture; negative if it begins before.
        remarks: what is unusual, such as that it is interlaced; each one clause without a full stop.
    """

    size: Size
    times: Times
    length: float
    fps: Fraction
    constant: bool
    has_sound: bool = False
    sound_from: float = 0.0
    remarks: tuple[str, ...] = ()


def facts(path: Path) -> ClipFacts:
    """Read what a clip is: all packets are read, and one frame is decoded.

    Raises:
        InputError: as `render.files.videos.require_video`; there is no frame in it, the first is damaged, or the file
            is cut off.
    """
    index, found = _known(path)
    times = index.times
    fps = constant_rate(index)
    length = float(len(times) / fps) if fps else float((index.end - int(index.ticks[0])) * index.unit)
    average = fps or Fraction(len(times) / length).limit_denominator(1001)
    varies = () if fps else (f"its frame rate varies around {float(average):.4g}",)
    return ClipFacts(
        size=found.size,
        times=times,
        length=length,
        fps=average,
        constant=fps is not None,
        has_sound=index.has_sound,
        sound_from=index.sound_from,
        remarks=(*varies, *found.remarks),
    )


class Clip:
    """The frames of a clip by number: read forwards where possible, else from the key before.

    A frame has the same pixels whichever way it was reached. Not for several threads at a time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._index, self._look = _known(path)
        self._pixels = Pixels(self._look.turn, self._look.light)
        self._frames: Iterator[tuple[int, Any]] = iter(())
        self._latest = 0  # that was decoded
        self._recent: deque[tuple[int, Any]] = deque(maxlen=RECENT)

    @property
    def size(self) -> Size:
        """(width, height) as shown."""
        return self._look.size

    @property
    def count(self) -> int:
        """The number of frames."""
        return len(self._index.ticks)

    def frame(self, number: int, size: Size | None = None) -> Frame:
        """Return a frame in sRGB: (height, width, 3).

        Args:
            number: in the order in which frames are shown, from 0.
            size: (width, height) to scale it to, by Lanczos' kernel; None for the size that `facts` tells.

        Raises:
            InputError: there is no such frame; or it is damaged, and the message names the last whole one before it.
        """
        if not 0 <= number < self.count:
            raise InputError(f"{self._path}: has no frame {number}; expected 0 to {self.count - 1}")
        return self._pixels.of(self._decoded(number), size or self._look.size)

    def _decoded(self, number: int) -> Any:
        for known, frame in self._recent:
            if known == number:
                return frame
        if self._is_near(number):
            try:
                if (frame := self._forwards_to(number)) is not None:
                    return frame
            except DamagedError:
                pass  # what lies behind the next key is whole
        return self._from_key(number)

    def _is_near(self, number: int) -> bool:
        return self._latest < number and self._index.key(number).number <= self._latest + AHEAD

    def _from_key(self, number: int) -> Any:
        """Decode from the last key; from an earlier one if pictures are missing behind that one."""
        first = max(0, number - 1) if self._look.interlaced else number  # what deinterlaces looks at the frame before
        for key in self._index.keys_back(first):
            self._frames = decoded(self._path, self._index, key, self._look.interlaced)
            try:
                if (frame := self._forwards_to(number)) is not None:
                    return frame
            except DamagedError:
                if not key.number:
                    raise
        raise DamagedError(self._path, self._index, number)

    def _forwards_to(self, number: int) -> Any | None:
        for known, frame in self._frames:
            self._latest = known
            if known == number:
                self._recent.append((known, frame))
                return frame
            if known > number:
                break
        return None


def _known(path: Path) -> tuple[Index, Look]:
    """What is known of a clip, read once for as long as the file is the same."""
    if not path.is_file():
        return look(path)
    status = path.stat()
    return _looked_at(path.absolute(), (status.st_ino, status.st_size, status.st_mtime_ns))


@functools.lru_cache(maxsize=16)
def _looked_at(path: Path, version: tuple[int, ...]) -> tuple[Index, Look]:
    return look(path)
