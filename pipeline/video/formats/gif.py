"""Animated GIF. A text is a comment extension before the trailer (GIF89a, section 24)."""

from collections.abc import Iterator
from mmap import mmap
from pathlib import Path

from pipeline.video.containers import Container, EmbeddedText
from pipeline.video.containers.embedded_text import MAX_PARTS, MAX_TEXT
from pipeline.video.formats import Format
from render.errors import EncodingError

_COMMENT, _BLOCK = b"\x21\xfe", 255


def write_text(file: Path, text: str) -> None:
    """Write a text into a finished GIF. Raises `EncodingError` if the file is truncated."""
    content = file.read_bytes()
    if not content.endswith(b";"):
        raise EncodingError(f"{file.name}: not a complete GIF")
    encoded = text.encode()
    blocks = [encoded[at : at + _BLOCK] for at in range(0, len(encoded), _BLOCK)]
    comment = _COMMENT + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"
    file.write_bytes(content[:-1] + comment + b";")


def _texts(content: mmap) -> Iterator[bytes]:
    at, parts = 13 + _palette_size(content, 10), 0
    while (mark := content[at : at + 1]) in (b"!", b",") and parts < MAX_PARTS:
        comment = content[at : at + 2] == _COMMENT
        at += 2 if mark == b"!" else 11 + _palette_size(content, at + 9)  # the header of an extension, or of a picture
        text = bytearray()
        while at < len(content) and content[at] and parts < MAX_PARTS:
            if comment and len(text) <= MAX_TEXT:
                text += content[at + 1 : at + 1 + content[at]]
            at, parts = at + 1 + content[at], parts + 1
        at, parts = at + 1, parts + 1
        if comment:
            yield bytes(text)


def _palette_size(content: mmap, at: int) -> int:
    """The size in bytes of the palette declared by the flags at `at`; 0 if there is none."""
    flags = content[at] if at < len(content) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


FORMAT = Format(
    about="256 colours chosen from the whole video; no sound, loops forever",
    rank=7,
    container=Container(
        name="GIF",
        suffix=".gif",
        muxer="gif",
        signature=b"GIF8",
        demuxer=("-min_delay", "0", "-f", "gif"),
        text=EmbeddedText(write=write_text, read=_texts),
    ),
    encoder="gif",
    options={"loop": 0},
    pix_fmt="rgb24",
    palette=True,
)
