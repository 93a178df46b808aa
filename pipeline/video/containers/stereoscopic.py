"""Marks an MP4 or MOV whose pictures show side by side what the left and the right eye see.

Source: Google, "Spherical Video V2 RFC", section "Stereoscopic 3D Video Box"; YouTube and headsets read it.
"""

import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pipeline.storage.atomic import replacing
from render.errors import EncodingError

_BOX = struct.pack(">I4sIB", 13, b"st3d", 0, 2)  # version and flags 0, left and right
_ENCLOSING = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_OFFSETS = {b"stco": ">u4", b"co64": ">u8"}
_LISTED = 8  # bytes at the start of a list: version, flags and number of its entries


def mark(path: Path) -> None:
    """Add the box to an MP4 or MOV that ffmpeg has made, in the description of its pictures.

    Raises:
        EncodingError: the file has no index.
    """
    with path.open("rb") as file:
        places = {kind: (at, size) for kind, at, size in _top(file, path.stat().st_size)}
        if b"moov" not in places:
            raise EncodingError(f"{path}: has no index of its pictures; the frames are kept, try another ffmpeg")
        at, size = places[b"moov"]
        file.seek(at)
        index = file.read(size)
        made = _rebuilt(index, 0)
        if at < places[b"mdat"][0]:
            made = _rebuilt(index, len(made) - size)
        with replacing(path) as partial, partial.open("wb") as copy:
            file.seek(0)
            copy.write(file.read(at) + made)
            file.seek(at + size)
            shutil.copyfileobj(file, copy)


def _top(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The kind, position and size of every box of a file."""
    at = 0
    while at < end:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
        yield kind, at, size
        at += max(8, size)


def _rebuilt(boxes: bytes, moved: int, pictures: bool = False) -> bytes:
    """Boxes in a row with the mark in the description of pictures, and with the positions of their data moved.

    Args:
        moved: by how many bytes.
        pictures: whether they describe pictures.
    """
    found = []
    for kind, content in _split(boxes):
        if kind in _ENCLOSING:
            content = _rebuilt(content, moved, pictures or b"vmhd" in dict(_split(content)))
        elif kind == b"stsd" and pictures:
            entries = b"".join(_box(name, entry + _BOX) for name, entry in _split(content[_LISTED:]))
            content = content[:_LISTED] + entries
        elif kind in _OFFSETS:
            offsets = np.frombuffer(content, _OFFSETS[kind], offset=_LISTED) + moved
            content = content[:_LISTED] + offsets.astype(_OFFSETS[kind]).tobytes()
        found.append(_box(kind, content))
    return b"".join(found)


def _split(boxes: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(boxes):
        size, kind = struct.unpack_from(">I4s", boxes, at)
        yield kind, boxes[at + 8 : at + size]
        at += max(8, size)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content
