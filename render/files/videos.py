"""Read videos as grey pictures, for masks that change over time.

A file may come from a stranger: common containers and codecs only, no playlist and no protocol, and the header is
checked before any frame is decoded. PyAV does the decoding; torch is not needed.
"""

import importlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.errors import InputError
from render.files.media import MediaSource

MAX_BYTES = 2_000_000_000
MAX_PIXELS = 9_000_000  # 4K has 8.3 million
MAX_FRAMES = 100_000
MAX_STREAMS = 16
RECENT = 64_000_000  # bytes of decoded frames
INSTALL = "pip install '.[regions]'"

_CODECS = "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,libaom-av1,mpeg4,mjpeg,png,apng,gif,prores,ffv1,rawvideo"
_OPTIONS = {
    "protocol_whitelist": "none",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,apng",
    "codec_whitelist": _CODECS,
    "max_streams": str(MAX_STREAMS),
    "probesize": "2000000",
    "max_pixels": str(MAX_PIXELS),  # of the decoder, before it allocates a frame
}
_EXPECTED = "a video such as MP4, MOV, WebM or MKV"

Grey = NDArray[np.float32]


def require_video(path: Path) -> None:
    """Check a video by its header.

    Raises:
        InputError: it cannot be read, is no video in a common format, or is too large; or PyAV is not installed.
    """
    with _opened(path):
        pass


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
    av = _av()
    first: float | None = None
    count = 0
    with _opened(path) as (container, stream):
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in frames:
                _require_size(path, frame.width, frame.height)
                time = float(frame.time) if frame.time is not None else count / float(stream.average_rate or 25)
                first = time if first is None else first
                count += 1
                if count > MAX_FRAMES:
                    raise InputError(f"{path}: expected at most {MAX_FRAMES:,} frames")
                yield time - first, _grey(frame)


def _grey(frame: Any) -> Grey:
    """The luminance in [0, 1], by way of RGB: only there is white the same in every format."""
    colours: Grey = frame.to_ndarray(format="rgb24").astype(np.float32)
    grey: Grey = colours @ np.array([0.299, 0.587, 0.114], dtype=np.float32) / np.float32(255)
    return grey


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open a video and its stream, with the header checked; errors on opening become ours."""
    av = _av()
    if not path.is_file():
        raise InputError(f"{path}: {'not a file' if path.exists() else 'no such file'}; expected {_EXPECTED}")
    if (size := path.stat().st_size) > MAX_BYTES:
        raise InputError(f"{path}: expected at most {MAX_BYTES:,} bytes, got {size:,}")
    try:
        with path.open("rb") as file, av.open(MediaSource(file), options=_OPTIONS) as container:
            yield container, _stream(container, path)
    except (OSError, ValueError, av.FFmpegError) as error:
        raise InputError(f"{path}: cannot be decoded; expected {_EXPECTED}, undamaged") from error


def _stream(container: Any, path: Path) -> Any:
    if not container.streams.video:
        raise InputError(f"{path}: has no picture; expected {_EXPECTED}")
    stream = container.streams.video[0]
    if stream.codec_context is None or stream.codec_context.name not in _CODECS.split(","):
        raise InputError(f"{path}: its codec is not supported; expected {_EXPECTED} with a common one such as H.264")
    _require_size(path, stream.codec_context.width, stream.codec_context.height)
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    if stream.frames > MAX_FRAMES:
        raise InputError(f"{path}: expected at most {MAX_FRAMES:,} frames, got {stream.frames:,}")
    return stream


def _require_size(path: Path, width: int, height: int) -> None:
    if not 0 < width * height <= MAX_PIXELS:
        got = f", got {width:,} × {height:,}" if width else ""  # unknown if the decoder has refused it
        raise InputError(f"{path}: expected at most {MAX_PIXELS:,} pixels a frame{got}")


def _av() -> Any:
    try:
        return importlib.import_module("av")
    except ImportError as error:
        raise InputError(f"a video as a region needs av, which is not installed; {INSTALL}") from error
