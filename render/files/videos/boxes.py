"""Refuse an MP4 or MOV whose tables tell of more samples than a clip has, before FFmpeg makes an index of them.

A table of a few bytes can tell of thousands of millions of samples, for each of which FFmpeg allocates an entry of its
index while it reads the header. The tables are found by their names, wherever they are in the boxes of the header.
"""

import re
from pathlib import Path
from typing import BinaryIO

from render.errors import InputError

MAX_SAMPLES = 2_000_000  # of one track, or of all fragments
MAX_EDITS = 1_000
MAX_HEADER = 64_000_000  # bytes of one box
MAX_BOXES = 400_000
_PACKED = 1024  # samples of uncompressed sound to an entry of the index

_LOOKED_INTO = b"moov moof trak mdia minf stbl edts traf mvex udta meta tref wave ilst dinf cmov".split()
_TABLES = re.compile(rb"trak|hdlr|stsz|stz2|stts|stsc|stco|co64|elst|trun|cmov", re.DOTALL)


def require_bounded_tables(path: Path, file: BinaryIO) -> None:
    """Read the boxes of a file's header; a file of another kind has none. The file is at its beginning afterwards.

    Raises:
        InputError: a table tells of too many samples, or the header is compressed or too large.
    """
    try:
        _require_boxes(path, file)
    finally:
        file.seek(0)


def _require_boxes(path: Path, file: BinaryIO) -> None:
    end = file.seek(0, 2)
    place = samples = 0
    for _ in range(MAX_BOXES):
        file.seek(place)
        start = file.read(16)
        size, kind = int.from_bytes(start[:4]), start[4:8]
        size = int.from_bytes(start[8:16]) if size == 1 else size or end - place
        if len(start) < 8 or size < 8:
            return
        if kind in _LOOKED_INTO:
            if min(size, end - place) > MAX_HEADER:
                raise InputError(f"{path}: expected a header of at most {MAX_HEADER:,} bytes")
            file.seek(place)
            samples += _samples(path, file.read(size))
            _require_samples(path, samples)
        place += size
    raise InputError(f"{path}: expected at most {MAX_BOXES:,} boxes")


def _require_samples(path: Path, samples: int) -> None:
    if samples > MAX_SAMPLES:
        raise InputError(f"{path}: expected at most {MAX_SAMPLES:,} samples in a track, got {samples:,}")


def _samples(path: Path, header: bytes) -> int:
    """Return how many samples a box tells of: those of its fragments, each of its tracks being bounded."""
    track, fragments = _Track(), 0
    for found in _TABLES.finditer(header):
        kind, place = found[0], found.end()
        if kind == b"cmov":
            raise InputError(f"{path}: its header is compressed, which is not supported")
        if kind == b"trak":
            track.require(path)
            track = _Track()
        if kind == b"trun":
            fragments += int.from_bytes(header[place + 4 : place + 8])
        track.read(kind, header, place)
    track.require(path)
    return fragments


class _Track:
    """What the tables of a track tell."""

    def __init__(self) -> None:
        self.samples = self.edits = self.chunks = self.in_chunk = 0
        self.handlers: set[bytes] = set()
        self.lengths: set[tuple[int, int]] = set()  # how many kinds of length there are, and the first

    def read(self, kind: bytes, header: bytes, place: int) -> None:
        """Read the table `kind`, whose version and flags are at `place`."""

        def number(index: int) -> int:
            return int.from_bytes(header[place + 4 * index : place + 4 * index + 4].ljust(4, b"\0"))

        if kind == b"hdlr":
            self.handlers.add(header[place + 8 : place + 12])
        elif kind in (b"stsz", b"stz2"):
            self.samples = max(self.samples, number(2))
        elif kind == b"elst":
            self.edits = max(self.edits, number(1))
        elif kind in (b"stco", b"co64"):
            self.chunks = max(self.chunks, number(1))
        elif kind == b"stts":
            self.lengths.add((number(1), number(3)))
        elif kind == b"stsc":
            counts = [number(3 + 3 * index) for index in range(min(number(1), len(header) // 12))]
            self.in_chunk = max(self.in_chunk, *counts, 0)

    def require(self, path: Path) -> None:
        samples = self.samples
        if self.handlers & {b"soun", b"vide"} == {b"soun"} and self.lengths == {(1, 1)}:  # uncompressed sound
            samples = self.chunks * (self.in_chunk // _PACKED + 1)
        _require_samples(path, samples)
        if self.edits > MAX_EDITS or self.edits * samples > 10 * MAX_SAMPLES:
            raise InputError(f"{path}: expected at most {MAX_EDITS:,} edits in a track, got {self.edits:,}")
