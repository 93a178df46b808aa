"""A text inside pictures that move: GIF, WebP and APNG have places for one, and ffmpeg writes none of them.

GIF: a comment extension before the trailer (GIF89a, 24). WebP: an XMP chunk, its flag in VP8X (the container's
specification). PNG: an iTXt chunk before IEND (PNG 1.2, 4.2.3.3).
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from render.errors import EncodingError, InputError

_XMP_FLAG = 0x04
_COMMENT, _BLOCK = b"\x21\xfe", 255
_KEYWORD = b"Description\0\0\0\0\0"  # uncompressed, no language, no translation
_PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>'
    '<rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>'
)
_IN_PACKET = re.compile(r'<rdf:li xml:lang="x-default">(.*?)</rdf:li>', re.DOTALL)
_RETURN = {"\r": "&#13;"}  # XML would read it as a new line


def into_gif(file: Path, text: str) -> None:
    """Write a text into a finished GIF."""
    content = file.read_bytes()
    if not content.endswith(b";"):
        raise EncodingError(f"{file.name}: not a complete GIF")
    said = text.encode()
    blocks = [said[at : at + _BLOCK] for at in range(0, len(said), _BLOCK)]
    comment = _COMMENT + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"
    file.write_bytes(content[:-1] + comment + b";")


def into_webp(file: Path, text: str) -> None:
    """Write a text into a finished WebP, moving or not."""
    content = bytearray(file.read_bytes())
    if content[12:16] != b"VP8X":  # a single picture, in the simple format that has no place for a text
        with Image.open(file) as image:
            sides = b"".join(struct.pack("<I", side - 1)[:3] for side in image.size)
        content[12:12] = b"VP8X" + struct.pack("<I", 10) + bytes(4) + sides
    content[20] |= _XMP_FLAG
    from xml.sax.saxutils import escape  # with it comes half of urllib: not for every `render check`

    packet = _PACKET.format(escape(text, _RETURN)).encode()
    content += b"XMP " + struct.pack("<I", len(packet)) + packet + b"\0" * (len(packet) % 2)
    content[4:8] = struct.pack("<I", len(content) - 8)
    file.write_bytes(content)


def into_png(file: Path, text: str) -> None:
    """Write a text into a finished PNG, moving or not."""
    content = file.read_bytes()
    end = content.rfind(b"\0\0\0\0IEND")
    if end < 0:
        raise EncodingError(f"{file.name}: not a complete PNG")
    body = b"iTXt" + _KEYWORD + text.encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    file.write_bytes(content[:end] + chunk + content[end:])


def texts(file: Path) -> Iterator[str] | None:
    """All texts in a GIF, WebP or PNG; None where it is none of them."""
    with file.open("rb") as opened:
        begin = opened.read(12)
    for mark, read in _READERS.items():
        if begin.startswith(mark) and (mark != b"RIFF" or begin.endswith(b"WEBP")):
            return (said.decode(errors="replace") for said in read(file.read_bytes()))
    return None


def require_container(file: Path) -> None:
    """Look at a file's first bytes before ffmpeg does, which would follow a playlist to other files.

    Raises:
        InputError: it is neither an MP4 or MOV nor a Matroska or WebM.
    """
    with file.open("rb") as opened:
        begin = opened.read(12)
    if begin[4:8] != b"ftyp" and not begin.startswith(b"\x1aE\xdf\xa3"):
        raise InputError(f"{file}: not a video that `render` makes: expected MP4, MOV, WebM, MKV, GIF, WebP or PNG")


def _of_gif(content: bytes) -> Iterator[bytes]:
    at = 13 + _colours(content, 10)
    while (mark := content[at : at + 1]) in (b"!", b","):
        comment = content[at : at + 2] == _COMMENT
        at += 2 if mark == b"!" else 11 + _colours(content, at + 9)  # what stands before the blocks of either
        said = bytearray()
        while at < len(content) and content[at]:
            said += content[at + 1 : at + 1 + content[at]] if comment else b""
            at += 1 + content[at]
        at += 1
        if comment:
            yield bytes(said)


def _colours(content: bytes, at: int) -> int:
    """How many bytes the table of colours takes that the flags at this place tell of."""
    flags = content[at] if at < len(content) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _of_webp(content: bytes) -> Iterator[bytes]:
    from xml.sax.saxutils import unescape

    at = 12
    while at + 8 <= len(content):
        kind, size = struct.unpack_from("<4sI", content, at)
        if kind == b"XMP ":
            packet = content[at + 8 : at + 8 + size].decode(errors="replace")
            yield from (unescape(said, {"&#13;": "\r"}).encode() for said in _IN_PACKET.findall(packet))
        at += 8 + size + size % 2


def _of_png(content: bytes) -> Iterator[bytes]:
    at = 8
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        if kind == b"iTXt" and content.startswith(_KEYWORD, at + 8):
            yield content[at + 8 + len(_KEYWORD) : at + 8 + size]
        at += 12 + size


_READERS: dict[bytes, Callable[[bytes], Iterator[bytes]]] = {
    b"GIF8": _of_gif,
    b"RIFF": _of_webp,
    b"\x89PNG": _of_png,
}
