"""Animated PNG. A text is an iTXt chunk before IEND (PNG 1.2, section 4.2.3.3).

ffmpeg does not read a single picture back as an animation, so durations are read here.
"""

import struct
import zlib
from collections.abc import Iterator
from mmap import mmap
from pathlib import Path

from pipeline.video.containers import Container, EmbeddedText
from pipeline.video.containers.embedded_text import MAX_TEXT, chunks
from pipeline.video.formats import Format
from render.errors import EncodingError

_DELAY = 20  # bytes of an fcTL chunk before it
_KEYWORD = b"Description\0\0\0\0\0"  # uncompressed, no language, no translation


def write_text(file: Path, text: str) -> None:
    """Write a text into a finished PNG, animated or not. Raises `EncodingError` if the file is truncated."""
    content = file.read_bytes()
    end = content.rfind(b"\0\0\0\0IEND")
    if end < 0:
        raise EncodingError(f"{file.name}: not a complete PNG")
    body = b"iTXt" + _KEYWORD + text.encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    file.write_bytes(content[:end] + chunk + content[end:])


def _texts(content: mmap) -> Iterator[bytes]:
    for kind, at, size in chunks(content, 8, ">I4s", padding=False):
        if kind == b"iTXt" and content[at : at + len(_KEYWORD)] == _KEYWORD:
            yield content[at + len(_KEYWORD) : at + min(size, MAX_TEXT + len(_KEYWORD) + 1)]


def _lengths(content: mmap) -> tuple[float | None, float]:
    """The sum of the delays in an animation's fcTL chunks, which are fractions of a second; it has no sound."""
    delays = []
    for kind, at, size in chunks(content, 8, ">I4s", padding=False):
        if kind == b"fcTL" and size >= _DELAY + 4:
            above, below = struct.unpack_from(">HH", content, at + _DELAY)
            delays.append(above / (below or 100))
    return sum(delays) if len(delays) > 1 else None, 0.0


FORMAT = Format(
    about="animated PNG, lossless; no sound, loops forever",
    rank=9,
    container=Container(
        name="PNG",
        suffix=".png",
        muxer="apng",
        signature=rb"\x89PNG",
        demuxer=("-f", "apng"),
        text=EmbeddedText(write=write_text, read=_texts),
        lengths=_lengths,
    ),
    encoder="apng",
    options={"plays": 0},
    pix_fmt="rgb24",
)
