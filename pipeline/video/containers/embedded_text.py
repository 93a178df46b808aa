"""Texts inside animated pictures: GIF, WebP and APNG can hold one, but ffmpeg does not write it.

How a container stores the text is in the file of its format; this module has what the formats share when reading. A
file may come from a stranger: nothing here uses more memory than the texts in it.
"""

import struct
from collections.abc import Iterator, Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path

from pipeline.video.containers import Container, EmbeddedText
from render.errors import InputError

MAX_TEXT = 20_000_000  # bytes: twenty times the limit of a schedule
MAX_PARTS = 10_000_000  # limit of blocks and chunks to skip: enough for a GIF of two gigabytes


def container_of(file: Path, containers: Sequence[Container]) -> Container:
    """The container of a file, identified by its first bytes.

    Raises:
        InputError: it is none of `containers`. ffmpeg must not guess the type: a playlist would lead to other files.
    """
    found = next((container for container in containers if container.matches(file)), None)
    if found is None:
        *others, last = [container.name for container in containers]
        raise InputError(f"{file}: not a video that `render` makes; expected {', '.join(others)} or {last}")
    return found


def texts(file: Path, text: EmbeddedText) -> Iterator[str]:
    """Yield the texts in a file, except those longer than `MAX_TEXT`."""
    with file.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as content:
        for found in text.read(content):
            if len(found) <= MAX_TEXT:
                yield found.decode(errors="replace")


def chunks(content: mmap | bytes, at: int, head: str, *, padding: bool) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type, offset and length of the content of each chunk, starting at offset `at`.

    Args:
        head: `struct` format of a chunk's two leading fields.
        padding: True as in WebP: type before length, padded to even lengths. False as in PNG: length before type, and
            a checksum after the content.
    """
    for _ in range(MAX_PARTS):
        if at + 8 > len(content):
            return
        one, other = struct.unpack_from(head, content, at)
        kind, size = (one, other) if padding else (other, one)
        yield kind, at + 8, size
        at += 8 + size + (size % 2 if padding else 4)
