"""Read videos as grey pictures, for masks that change over time."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.errors import InputError
from render.files.videos import opening
from render.files.videos.opening import opened, pyav, require_size

RECENT = 64_000_000  # bytes of decoded frames

Grey = NDArray[np.float32]


class VideoFrames:
    """The frames of a video file, read in order; the latest `RECENT` bytes are kept for going back a little.

    A time before those starts the file from the beginning again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._frames: Iterator[tuple[float, Grey]] = iter(())
        self._shown: tuple[float, Grey] | None = None
        self._next: tuple[float, Grey] | None = None
        self._recent: deque[tuple[float, Grey]] = deque()

    def at(self, seconds: float) -> Grey:
        """Return the frame (H, W) in [0, 1] that is shown at `seconds`; after the end, the last one.

        Raises:
            InputError: as `require_video`, or nothing in the file can be decoded.
        """
        if self._shown is not None and seconds < self._shown[0]:
            for time, pixels in reversed(self._recent):
                if time <= seconds + 1e-6:
                    return pixels
        if self._shown is None or seconds < self._shown[0]:
            self._recent.clear()
            self._frames = _decoded(self._path)
            self._shown = next(self._frames, None)
            self._next = next(self._frames, None)
        if self._shown is None:
            raise InputError(f"{self._path}: none of its frames can be decoded; is the file damaged?")
        while self._next is not None and self._next[0] <= seconds + 1e-6:
            self._recent.append(self._shown)
            if len(self._recent) * self._shown[1].nbytes > RECENT:
                self._recent.popleft()
            self._shown, self._next = self._next, next(self._frames, None)
        return self._shown[1]


def _decoded(path: Path) -> Iterator[tuple[float, Grey]]:
    """Yield the time of every frame, from 0, and its pixels; damaged ones are skipped, as players do."""
    av = pyav()
    first: float | None = None
    count = 0
    with opened(path) as (container, stream):
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in frames:
                require_size(path, frame.width, frame.height)
                time = float(frame.time) if frame.time is not None else count / float(stream.average_rate or 25)
                first = time if first is None else first
                count += 1
                if count > opening.MAX_FRAMES:
                    raise InputError(f"{path}: expected at most {opening.MAX_FRAMES:,} frames")
                yield time - first, _grey(frame)


def _grey(frame: Any) -> Grey:
    """The luminance in [0, 1], by way of RGB: only there is white the same in every format."""
    colours: Grey = frame.to_ndarray(format="rgb24").astype(np.float32)
    grey: Grey = colours @ np.array([0.299, 0.587, 0.114], dtype=np.float32) / np.float32(255)
    return grey
