"""A text inside an animated picture: GIF, WebP and APNG have a place for one, but ffmpeg writes none of them.

How each container holds it is in the file of its format; this is what reading has in common. A file may be a
stranger's: nothing here takes more memory than the texts in it.
"""

import struct
from collections.abc import Iterator, Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path

from pipeline.video.containers import Container, EmbeddedText
from render.errors import InputError

MAX_TEXT = 20_000_000  # bytes: twenty times what a schedule may have
MAX_PARTS = 10_000_000  # blocks and chunks to step over: two gigabytes of a GIF


def container_of(file: Path, containers: Sequence[Container]) -> Container:
    """The container that a file is in, by its first bytes.

    Raises:
        InputError: it is in none of them. ffmpeg must not guess what it is: it would follow a playlist to other files.
    """
    found = next((container for container in containers if container.fits(file)), None)
    if found is None:
        *others, last = [container.name for container in containers]
        raise InputError(f"{file}: not a video that `render` makes: expected {', '.join(others)} or {last}")
    return found


def texts(file: Path, text: EmbeddedText) -> Iterator[str]:
    """All texts in a file, none longer than a schedule may be."""
    with file.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as content:
        for found in text.read(content):
            if len(found) <= MAX_TEXT:
                yield found.decode(errors="replace")


def chunks(content: mmap, at: int, head: str, *, padding: bool) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and length of what chunks hold.

    Args:
        head: struct's format of a chunk's two leading fields.
        padding: as in WebP, kind before length and padded to even lengths; else as in PNG, length before kind and a
            checksum after the content.
    """
    for _ in range(MAX_PARTS):
        if at + 8 > len(content):
            return
        one, other = struct.unpack_from(head, content, at)
        kind, size = (one, other) if padding else (other, one)
        yield kind, at + 8, size
        at += 8 + size + (size % 2 if padding else 4)
