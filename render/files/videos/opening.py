"""Open videos of strangers: the one way in, with its bounds and messages.

A file may come from a stranger: common containers and codecs only, no playlist and no protocol, and the header is
checked before any frame is decoded. PyAV does the decoding; torch is not needed.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from render.errors import InputError
from render.files.media import MediaSource

MAX_BYTES = 2_000_000_000
MAX_PIXELS = 9_000_000  # 4K has 8.3 million
MAX_FRAMES = 100_000
MAX_STREAMS = 16
INSTALL = "pip install '.[video]'"

_CODECS = (
    "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,libaom-av1,mpeg1video,mpeg2video,mpeg4,mjpeg,png,apng,gif,prores,"
    "dnxhd,dvvideo,ffv1,rawvideo"
)
_OPTIONS = {
    "protocol_whitelist": "none",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,apng,mpegts",
    "codec_whitelist": _CODECS,
    "max_streams": str(MAX_STREAMS),
    "probesize": "2000000",
    "max_pixels": str(MAX_PIXELS),  # of the decoder, before it allocates a frame
}
EXPECTED = "a video such as MP4, MOV, WebM or MKV"


def require_video(path: Path) -> None:
    """Check a video by its header.

    Raises:
        InputError: it cannot be read, is no video in a common format, or is too large; or PyAV is not installed.
    """
    with opened(path):
        pass


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open a video and its stream, with the header checked; errors inside the block become ours."""
    av = pyav()
    if not path.is_file():
        raise InputError(f"{path}: {'not a file' if path.exists() else 'no such file'}; expected {EXPECTED}")
    if (size := path.stat().st_size) > MAX_BYTES:
        raise InputError(f"{path}: expected at most {MAX_BYTES:,} bytes, got {size:,}")
    try:
        with path.open("rb") as file, av.open(MediaSource(file), options=_OPTIONS) as container:
            yield container, _stream(container, path)
    except (OSError, ValueError, av.FFmpegError) as error:
        raise InputError(f"{path}: cannot be decoded; expected {EXPECTED}, undamaged") from error


def _stream(container: Any, path: Path) -> Any:
    if not container.streams.video:
        raise InputError(f"{path}: has no picture; expected {EXPECTED}")
    stream = container.streams.video[0]
    if stream.codec_context is None or stream.codec_context.name not in _CODECS.split(","):
        raise InputError(f"{path}: its codec is not supported; expected {EXPECTED} with a common one such as H.264")
    require_size(path, stream.codec_context.width, stream.codec_context.height)
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    require_count(path, stream.frames)
    return stream


def require_size(path: Path, width: int, height: int) -> None:
    """Raise `InputError` if a frame has more than `MAX_PIXELS`."""
    if not 0 < width * height <= MAX_PIXELS:
        got = f", got {width:,} × {height:,}" if width else ""  # unknown if the decoder has refused it
        raise InputError(f"{path}: expected at most {MAX_PIXELS:,} pixels a frame{got}")


def require_count(path: Path, frames: int) -> None:
    """Raise `InputError` if there are more than `MAX_FRAMES`."""
    if frames > MAX_FRAMES:
        raise InputError(f"{path}: expected at most {MAX_FRAMES:,} frames, got {frames:,}")


def pyav() -> Any:
    """Import PyAV, which is an extra. Raises `InputError` if it is not installed."""
    try:
        return importlib.import_module("av")
    except ImportError as error:
        raise InputError(f"reading a video needs av, which is not installed; {INSTALL}") from error
