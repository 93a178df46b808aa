"""The file types that videos are stored in, and whether a finished file is complete according to its container."""

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from mmap import mmap
from pathlib import Path

Options = Mapping[str, str | int | float]
_HEAD = 12  # bytes at the start of a file that identify its type


@dataclass(frozen=True, kw_only=True)
class EmbeddedText:
    """How a text is stored in a container into which ffmpeg does not write metadata, and how it is read back.

    Attributes:
        read: yields the texts in a file's content, as UTF-8; the file may be damaged.
        write: adds a text to a finished file; None if the file is made with its text in it.
    """

    read: Callable[[mmap], Iterator[bytes]]
    write: Callable[[Path, str], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Container:
    """A type of file.

    Attributes:
        name: as shown to people.
        suffix: of the file, with its dot.
        muxer: ffmpeg's name for it; "" if ffmpeg does not write it.
        signature: a pattern that matches the first 12 bytes of every such file.
        options: of the muxer.
        demuxer: the options with which ffmpeg reads it back. They name the demuxer, so that ffmpeg never opens the file
            as another type that its content claims. Empty if ffmpeg does not read it.
        subtitle_codec: for subtitles that can be switched on; "" if the container does not support them.
        is_complete: whether a file with the right signature is not cut off.
        text: how a text is stored in it; None if ffmpeg writes it as metadata.
        lengths: reads the lengths in seconds of the pictures (None if there is only one) and of the sound, if not every
            version of ffmpeg can. Raises `ValueError` if the file is damaged.
    """

    name: str
    suffix: str
    muxer: str = ""
    signature: bytes
    options: Options = field(default_factory=dict)
    demuxer: tuple[str, ...] = ()
    subtitle_codec: str = ""
    is_complete: Callable[[Path], bool] = lambda path: True
    text: EmbeddedText | None = None
    lengths: Callable[[mmap], tuple[float | None, float]] | None = None

    def matches(self, path: Path) -> bool:
        """Whether the file starts with this type's signature. Raises `OSError`."""
        with path.open("rb") as file:
            return re.match(self.signature, file.read(_HEAD), re.DOTALL) is not None

    def is_whole(self, path: Path) -> bool:
        """Whether the file is of this type and complete, without decoding it. Raises `OSError`."""
        return self.matches(path) and self.is_complete(path)


def _has_all_boxes(path: Path) -> bool:
    """Whether the file is a chain of complete boxes up to its end, with an index and pictures among them."""
    kinds = []
    with path.open("rb") as file:
        end = path.stat().st_size
        while (position := file.tell()) < end:
            size, kind = struct.unpack(">I4s", file.read(8).ljust(8, b"\0"))
            if size == 1:
                (size,) = struct.unpack(">Q", file.read(8).ljust(8, b"\0"))
            if size < 8 or position + size > end:
                return False
            kinds.append(kind)
            file.seek(position + size)
    return kinds[:1] == [b"ftyp"] and {b"moov", b"mdat"} <= set(kinds)


MP4 = Container(
    name="MP4",
    suffix=".mp4",
    muxer="mp4",
    signature=b".{4}ftyp",
    options={"movflags": "+faststart"},
    demuxer=("-f", "mov"),
    subtitle_codec="mov_text",
    is_complete=_has_all_boxes,
)
MOV = Container(
    name="MOV",
    suffix=".mov",
    muxer="mov",
    signature=b".{4}ftyp",
    demuxer=("-f", "mov"),
    subtitle_codec="mov_text",
    is_complete=_has_all_boxes,
)
WEBM = Container(
    name="WebM",
    suffix=".webm",
    muxer="webm",
    signature=rb"\x1aE\xdf\xa3",
    demuxer=("-f", "matroska"),
    subtitle_codec="webvtt",
)
MKV = Container(
    name="MKV",
    suffix=".mkv",
    muxer="matroska",
    signature=rb"\x1aE\xdf\xa3",
    demuxer=("-f", "matroska"),
    subtitle_codec="subrip",
)
