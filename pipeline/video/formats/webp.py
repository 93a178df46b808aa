"""Animated WebP. The text is an XMP chunk, announced by its flag in VP8X, as the container's specification requires.

ffmpeg reads animations back only from version 8 on, so their durations are read here.
"""

import re
import struct
from collections.abc import Iterator
from mmap import mmap
from pathlib import Path

from pipeline.video.containers import Container, EmbeddedText
from pipeline.video.containers.embedded_text import MAX_TEXT, chunks
from pipeline.video.formats import Format

_XMP_FLAG = 0x04
_PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>'
    '<rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>'
)
_IN_PACKET = re.compile(r'<rdf:li xml:lang="x-default">(.*?)</rdf:li>', re.DOTALL)
_RETURN = {"\r": "&#13;"}  # otherwise XML would read it as a line feed


def write_text(file: Path, text: str) -> None:
    """Write a text into a finished WebP, animated or not."""
    content = bytearray(file.read_bytes())
    if content[12:16] != b"VP8X":  # a single picture in the simple format, which cannot hold a text
        from PIL import Image  # slow to import, and not needed by `render check`

        with Image.open(file) as image:
            sides = b"".join(struct.pack("<I", side - 1)[:3] for side in image.size)
        content[12:12] = b"VP8X" + struct.pack("<I", 10) + bytes(4) + sides
    content[20] |= _XMP_FLAG
    from xml.sax.saxutils import escape  # imports half of urllib, and not needed by `render check`

    packet = _PACKET.format(escape(text, _RETURN)).encode()
    content += b"XMP " + struct.pack("<I", len(packet)) + packet + b"\0" * (len(packet) % 2)
    content[4:8] = struct.pack("<I", len(content) - 8)
    file.write_bytes(content)


def _texts(content: mmap) -> Iterator[bytes]:
    from xml.sax.saxutils import unescape

    for kind, at, size in chunks(content, 12, "<4sI", padding=True):
        if kind == b"XMP ":
            packet = content[at : at + min(size, MAX_TEXT)].decode(errors="replace")
            yield from (unescape(text, {"&#13;": "\r"}).encode() for text in _IN_PACKET.findall(packet))


def _lengths(content: mmap) -> tuple[float | None, float]:
    """The sum of the durations in an animation's ANMF chunks, which are in milliseconds; it has no sound."""
    found = chunks(content, 12, "<4sI", padding=True)
    durations = [int.from_bytes(content[at + 12 : at + 15], "little") for kind, at, _ in found if kind == b"ANMF"]
    return sum(durations) / 1000 if len(durations) > 1 else None, 0.0


FORMAT = Format(
    about="animated WebP; no sound, loops forever",
    rank=8,
    container=Container(
        name="WebP",
        suffix=".webp",
        muxer="webp",
        signature=b"RIFF.{4}WEBP",
        demuxer=("-f", "webp"),
        text=EmbeddedText(write=write_text, read=_texts),
        lengths=_lengths,
    ),
    encoder="libwebp_anim",
    options={"loop": 0, "quality": 85},
    pix_fmt="bgra",
)
