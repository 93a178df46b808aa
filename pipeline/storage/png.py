"""Encode pictures as PNG, about three times as fast as Pillow, for files of the same size."""

import struct
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AS_IS, _LEFT, _ABOVE = 0, 1, 2  # filter types
_RGB, _CHANNELS = 2, 3
_TRIED = 16  # rows that decide which way is better

Bytes = NDArray[np.uint8]


def encode(pixels: Bytes, notes: Mapping[str, str]) -> bytes:
    """The PNG file of a picture.

    Rendered pictures hardly repeat themselves, so each row is stored as differences from its left or its upper
    neighbours, whichever leaves less, and zlib only looks for runs. In pictures with a pattern, such as that of
    dithering, it looks for repetitions of the pixels themselves. A few rows, stored both ways, decide. The work is
    done outside the interpreter's lock, so threads encode side by side.

    Args:
        pixels: (H, W, 3).
        notes: texts by keyword, Latin-1, written as `tEXt` chunks before the picture.

    Source: PNG (third edition), 9.2 "Filter types for filter method 0" and 12.7 "Filter selection".
    """
    height, width, _ = pixels.shape
    header = struct.pack(">2I5B", width, height, 8, _RGB, 0, 0, 0)
    texts = [_chunk(b"tEXt", f"{keyword}\0{text}".encode("latin-1")) for keyword, text in notes.items()]
    rows = np.ascontiguousarray(pixels).reshape(height, -1)
    some = rows[height // 2 :][:_TRIED]
    way = min((_runs, _repetitions), key=lambda way: len(way(some)))
    return b"".join((_SIGNATURE, _chunk(b"IHDR", header), *texts, _chunk(b"IDAT", way(rows)), _chunk(b"IEND", b"")))


def _runs(rows: Bytes) -> bytes:
    """The rows as differences from their neighbours, modulo 256, each after the type of its filter."""
    left, above = np.empty((2, len(rows), 1 + rows.shape[1]), np.uint8)
    left[:, 0], left[:, 1 : 1 + _CHANNELS] = _LEFT, rows[:, :_CHANNELS]
    np.subtract(rows[:, _CHANNELS:], rows[:, :-_CHANNELS], out=left[:, 1 + _CHANNELS :])
    above[:, 0], above[0, 1:] = _ABOVE, rows[0]
    np.subtract(rows[1:], rows[:-1], out=above[1:, 1:])
    closer = _sizes(left) < _sizes(above)
    above[closer] = left[closer]
    return _deflated(above, 1, zlib.Z_RLE)


def _sizes(differences: Bytes) -> NDArray[np.uint32]:
    """The sum of the absolute differences of every row."""
    body = differences[:, 1:]
    sizes: NDArray[np.uint32] = np.minimum(body, np.negative(body)).sum(1, dtype=np.uint32)
    return sizes


def _repetitions(rows: Bytes) -> bytes:
    """The rows as they are, each after the type that says so."""
    return _deflated(np.pad(rows, ((0, 0), (1, 0)), constant_values=_AS_IS), 3, zlib.Z_DEFAULT_STRATEGY)


def _deflated(rows: Bytes, level: int, strategy: int) -> bytes:
    squeeze = zlib.compressobj(level, strategy=strategy)
    return squeeze.compress(rows.data) + squeeze.flush()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
