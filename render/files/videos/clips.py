"""Read clips: what is in them, and their frames by number."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.errors import InputError
from render.files.videos.opening import opened, require_count

Times = NDArray[np.float64]
Frame = NDArray[np.uint8]
Size = tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipFacts:
    """What a clip is.

    Attributes:
        size: (width, height) as shown: upright, and with square pixels.
        times: when each frame begins, in the order in which they are shown, in seconds from the first.
        length: seconds from the first frame to the end of the last.
        fps: frames per second, on average.
        constant: whether all frames last equally long.
        has_sound: whether there is a sound stream.
        sound_from: when the sound begins, in seconds from the first picture; negative if it begins before.
        remarks: what is unusual, such as "interlaced", each one sentence without a full stop.
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
    """Read what a clip is, without decoding all of it.

    Raises:
        InputError: as `render.files.videos.require_video`, or there is no frame in it.
    """
    with opened(path) as (container, stream):
        size = (stream.codec_context.width, stream.codec_context.height)
        found = [packet for packet in container.demux(stream) if packet.pts is not None]
        require_count(path, len(found))
        if not found:
            raise InputError(f"{path}: none of its frames can be decoded; is the file damaged?")
        last = max(found, key=lambda packet: packet.pts)
        ticks = np.array(sorted(packet.pts for packet in found), dtype=np.float64)
        times = (ticks - ticks[0]) * float(stream.time_base)
        sound = container.streams.audio[0] if container.streams.audio else None
        start = 0.0
        if sound is not None and sound.start_time is not None:
            start = float(sound.start_time * sound.time_base) - ticks[0] * float(stream.time_base)
        return ClipFacts(
            size=size,
            times=times,
            length=float(times[-1]) + float((last.duration or 1) * stream.time_base),
            fps=Fraction(stream.average_rate or 25),
            constant=len(times) < 3 or float(np.ptp(np.diff(times))) < 2.5 * float(stream.time_base),
            has_sound=sound is not None,
            sound_from=start,
        )


class Clip:
    """The frames of a clip by number, read forwards where possible."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._frames: Iterator[Any] = iter(())
        self._next = 0
        self._shown: Any = None

    def frame(self, number: int, size: Size | None = None) -> Frame:
        """Return a frame in sRGB: (height, width, 3).

        Args:
            number: in the order in which frames are shown, from 0.
            size: (width, height) to scale it to; None for the size that `facts` tells.

        Raises:
            InputError: there is no such frame, or it cannot be decoded.
        """
        if self._shown is None or number < self._next - 1:
            self._frames, self._next = _decoded(self._path), 0
        while self._next <= number:
            self._shown = next(self._frames, None)
            if self._shown is None:
                raise InputError(f"{self._path}: frame {number} cannot be decoded; the last one is {self._next - 1}")
            self._next += 1
        width, height = size or (self._shown.width, self._shown.height)
        pixels: Frame = self._shown.reformat(width, height, "rgb24", interpolation="LANCZOS").to_ndarray()
        return pixels


def _decoded(path: Path) -> Iterator[Any]:
    with opened(path) as (container, stream):
        yield from container.decode(stream)
