"""A text inside pictures that move: GIF, WebP and APNG have places for one, and ffmpeg writes none of them.

GIF: a comment extension before the trailer (GIF89a, 24). WebP: an XMP chunk, its flag in VP8X (the container's
specification). PNG: an iTXt chunk before IEND (PNG 1.2, 4.2.3.3).
"""

import mmap
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
_MAX_TEXT = 20_000_000  # bytes: twenty times what a schedule may have
_MAX_PARTS = 10_000_000  # blocks and chunks that are stepped over: two gigabytes of a GIF
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
    """All texts in a GIF, WebP or PNG, none longer than a schedule may be; None where it is none of them."""
    with file.open("rb") as opened:
        begin = opened.read(12)
    for mark, read in _READERS.items():
        if begin.startswith(mark) and (mark != b"RIFF" or begin.endswith(b"WEBP")):
            return _decoded(file, read)
    return None


def _decoded(file: Path, read: Callable[[mmap.mmap], Iterator[bytes]]) -> Iterator[str]:
    """A file of any size takes no memory but its texts: it is mapped, and what is no text is stepped over."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for said in filter(lambda said: len(said) <= _MAX_TEXT, read(content)):
            yield said.decode(errors="replace")


def require_container(file: Path) -> None:
    """Look at a file's first bytes before ffmpeg does, which would follow a playlist to other files.

    Raises:
        InputError: it is neither an MP4 or MOV nor a Matroska or WebM.
    """
    with file.open("rb") as opened:
        begin = opened.read(12)
    if begin[4:8] != b"ftyp" and not begin.startswith(b"\x1aE\xdf\xa3"):
        raise InputError(f"{file}: not a video that `render` makes: expected MP4, MOV, WebM, MKV, GIF, WebP or PNG")


def _of_gif(content: mmap.mmap) -> Iterator[bytes]:
    at, parts = 13 + _colours(content, 10), 0
    while (mark := content[at : at + 1]) in (b"!", b",") and parts < _MAX_PARTS:
        comment = content[at : at + 2] == _COMMENT
        at += 2 if mark == b"!" else 11 + _colours(content, at + 9)  # what stands before the blocks of either
        said = bytearray()
        while at < len(content) and content[at] and parts < _MAX_PARTS:
            if comment and len(said) <= _MAX_TEXT:
                said += content[at + 1 : at + 1 + content[at]]
            at, parts = at + 1 + content[at], parts + 1
        at, parts = at + 1, parts + 1
        if comment:
            yield bytes(said)


def _colours(content: mmap.mmap, at: int) -> int:
    """How many bytes the table of colours takes that the flags at this place tell of."""
    flags = content[at] if at < len(content) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _of_webp(content: mmap.mmap) -> Iterator[bytes]:
    from xml.sax.saxutils import unescape

    for kind, at, size in _chunks(content, 12, "<4sI", padding=True):
        if kind == b"XMP ":
            packet = content[at : at + min(size, _MAX_TEXT)].decode(errors="replace")
            yield from (unescape(said, {"&#13;": "\r"}).encode() for said in _IN_PACKET.findall(packet))


def _of_png(content: mmap.mmap) -> Iterator[bytes]:
    for kind, at, size in _chunks(content, 8, ">I4s", padding=False):
        if kind == b"iTXt" and content[at : at + len(_KEYWORD)] == _KEYWORD:
            yield content[at + len(_KEYWORD) : at + min(size, _MAX_TEXT + len(_KEYWORD) + 1)]


def _chunks(content: mmap.mmap, at: int, head: str, *, padding: bool) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and length of what chunks hold: WebP's are padded to even lengths, PNG's have a sum behind them."""
    for _ in range(_MAX_PARTS):
        if at + 8 > len(content):
            return
        one, other = struct.unpack_from(head, content, at)
        kind, size = (one, other) if padding else (other, one)
        yield kind, at + 8, size
        at += 8 + size + (size % 2 if padding else 4)


_READERS: dict[bytes, Callable[[mmap.mmap], Iterator[bytes]]] = {
    b"GIF8": _of_gif,
    b"RIFF": _of_webp,
    b"\x89PNG": _of_png,
}
